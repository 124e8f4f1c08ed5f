"""`report thresholds`: put suggestions into the thresholds file, shown first and applied on demand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


@click.command(short_help="Tighten the thresholds file by suggestions: shown, applied, or as a patch.")
@click.argument("suggestions", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.argument("thresholds", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run/--apply", default=True, help="Only show what would change (the default), or change the file.")
@click.option("--backup", is_flag=True, help="Keep the file as it was beside it, as .bak.")
@click.option("--patch", type=click.Path(dir_okay=False, path_type=Path), help="Write the change as a unified diff.")
@click.option("--check", type=click.Path(dir_okay=False, path_type=Path), help="Only say whether this file is sound.")
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Read variables from here as well.")
def thresholds(suggestions: Path | None, thresholds: Path | None, check: Path | None, **given: Any) -> int:
    """Tighten the file THRESHOLDS by the SUGGESTIONS of `report suggest`.

    Without --apply nothing is written but a --patch. Only the numbers change, and the date; layout and order stay. A
    suggestion that is not tighter, is below its floor or was made for another value is refused. In a GitHub workflow
    the step's output thresholds_changed is true or false. Exit code: 0, or 2; with --check 2 tells every problem of
    the file.
    """
    if check is not None:
        others = (suggestions, given["backup"], given["patch"], given["env_file"])
        if any(others) or not given["dry_run"]:
            raise click.UsageError("--check goes alone: it reads one thresholds file and changes nothing")
        return _check(check)
    if suggestions is None or thresholds is None:
        raise click.UsageError("give SUGGESTIONS and THRESHOLDS, or --check FILE")
    if given["backup"] and given["dry_run"]:
        raise click.UsageError("--backup goes with --apply: a dry run changes nothing")
    return _update(suggestions, thresholds, given)


def _check(path: Path) -> int:
    from reports.loader.thresholds import load_thresholds

    found = load_thresholds(path)
    count = len(found.entries)
    click.echo(f"{path}: sound, {count} threshold{'' if count == 1 else 's'}")
    return 0


def _update(suggestions: Path, thresholds: Path, given: dict[str, Any]) -> int:
    from loadgen.core.clock import utc_now
    from reports.analysis.rules_of import rules_of
    from reports.analysis.threshold_update import update
    from reports.loader.suggestions import load_suggestions
    from reports.loader.thresholds import load_thresholds
    from reports.render.threshold_update import update_text
    from reports.verbs.hosting import tell_workflow
    from reports.verbs.publishing import make_place, replace_file
    from reports.verbs.reading import all_of
    from reports.verbs.variables import variables

    rules, limits, wanted = all_of(
        lambda: rules_of(variables(given["env_file"])),
        lambda: load_thresholds(thresholds),
        lambda: load_suggestions(suggestions),
    )
    found = update(thresholds.read_text("utf-8"), limits, wanted, rules, utc_now().date())
    click.echo(update_text(found))
    tell_workflow("thresholds_changed", bool(found.changes), os.environ)
    patch = given["patch"]
    if patch is not None:
        make_place(patch)
        replace_file(found.patch(thresholds.as_posix()), patch)
        click.echo(f"patch: {patch}")
    if given["dry_run"] or not found.changes:
        click.echo("nothing to change" if not found.changes else "dry run: nothing was changed; --apply changes it")
        return 0
    if given["backup"]:
        saved = thresholds.with_name(f"{thresholds.name}.bak")
        replace_file(found.before, saved)
        click.echo(f"backup: {saved}")
    replace_file(found.after, thresholds)
    click.echo(f"applied: {thresholds}")
    return 0
