"""`report thresholds`: put suggestions into the thresholds file, shown first and applied on demand."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Tighten the thresholds file by suggestions: shown, applied, or as a patch.")
@click.argument("suggestions", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("thresholds", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run/--apply", default=True, help="Only show what would change (the default), or change the file.")
@click.option("--backup", is_flag=True, help="Keep the file as it was beside it, as .bak.")
@click.option("--patch", type=click.Path(dir_okay=False, path_type=Path), help="Write the change as a unified diff.")
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Read variables from here as well.")
def thresholds(
    suggestions: Path, thresholds: Path, dry_run: bool, backup: bool, patch: Path | None, env_file: Path | None
) -> int:
    """Tighten the file THRESHOLDS by the SUGGESTIONS of `report suggest`.

    Without --apply nothing is written but a --patch. Only the numbers change, and the date; layout and order stay. A
    suggestion that is not tighter, is below its floor or was made for another value is refused. Exit code: 0, or 2.
    """
    from loadgen.core.clock import utc_now
    from reports.analysis.rules_of import rules_of
    from reports.analysis.threshold_update import update
    from reports.loader.suggestions import load_suggestions
    from reports.loader.thresholds import load_thresholds
    from reports.render.threshold_update import update_text
    from reports.verbs.publishing import make_place, replace_file
    from reports.verbs.reading import all_of
    from reports.verbs.variables import variables

    if backup and dry_run:
        raise click.UsageError("--backup goes with --apply: a dry run changes nothing")
    rules, limits, wanted = all_of(
        lambda: rules_of(variables(env_file)),
        lambda: load_thresholds(thresholds),
        lambda: load_suggestions(suggestions),
    )
    found = update(thresholds.read_text("utf-8"), limits, wanted, rules, utc_now().date())
    click.echo(update_text(found))
    if patch is not None:
        make_place(patch)
        replace_file(found.patch(thresholds.as_posix()), patch)
        click.echo(f"patch: {patch}")
    if dry_run or not found.changes:
        click.echo("nothing to change" if not found.changes else "dry run: nothing was changed; --apply changes it")
        return 0
    if backup:
        saved = thresholds.with_name(f"{thresholds.name}.bak")
        replace_file(found.before, saved)
        click.echo(f"backup: {saved}")
    replace_file(found.after, thresholds)
    click.echo(f"applied: {thresholds}")
    return 0
