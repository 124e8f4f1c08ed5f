"""`report recommend`: objectives and alert thresholds that a run suggests, as a draft; and the final document."""

from __future__ import annotations

import os
from pathlib import Path

import click

DRAFT = Path("docs/phase5/SLO_DRAFT.md")


@click.command(short_help="Recommend objectives from a run; make an agreed draft final.")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the draft to this file.")
@click.option("--memory-limit", type=click.FloatRange(min=1), metavar="MB", help="What memory the service may use.")
@click.option("--finalize", type=click.Path(dir_okay=False, path_type=Path), help="Write the final document here.")
@click.option(
    "--draft",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DRAFT,
    show_default=True,
    help="The edited draft that --finalize reads.",
)
@click.option("--force", is_flag=True, help="Accept a run that is no basis; replace a final document.")
def recommend(
    directory: Path | None,
    output: Path | None,
    memory_limit: float | None,
    finalize: Path | None,
    draft: Path,
    force: bool,
) -> int:
    """Recommend objectives, alert thresholds and scaling triggers from the run in DIRECTORY, each with its reason.

    The thresholds are tried on the run itself. A run that was cut, is INVALID or incomplete is refused (exit code 3, 4
    or 5) unless --force. With --finalize, and no DIRECTORY, the edited draft becomes the final document; one with
    placeholders left is refused.
    """
    if (directory is None) is (finalize is None):
        raise click.UsageError("give either DIRECTORY for a draft, or --finalize PATH for an edited draft")
    if finalize is not None:
        return _finalize(finalize, draft, force=force)
    assert directory is not None
    return _draft(directory, output, memory_limit, force=force)


def _draft(directory: Path, output: Path | None, memory_limit_mb: float | None, *, force: bool) -> int:
    from loadgen.core.clock import utc_now
    from reports.analysis.assessment import Question, assess
    from reports.analysis.slo_draft import draft as work_out
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.loader.signals import read_signals
    from reports.render.slo_draft import slo_draft
    from reports.verbs.publishing import complain, make_place, publish

    run = load(directory)
    targets, overrides = targets_of(run.targets, os.environ)
    found = work_out(assess(run, Question(targets, overrides)), read_signals(directory), memory_limit_mb)
    if found.objections and not force:
        lines = [f"{run.name} is no basis for objectives (--force makes a draft all the same):"]
        complain("\n  - ".join([*lines, *(objection.text for objection in found.objections)]))
        return int(found.exit_code)
    if output is not None:
        make_place(output)
    publish(slo_draft(found, utc_now()), output)
    if output is not None:
        click.echo(f"draft: {output}")
    return 0


def _finalize(place: Path, draft: Path, *, force: bool) -> int:
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.render.slo_draft import FORCED, final_document, placeholders
    from reports.verbs.publishing import make_place, publish

    text = _read(draft)
    problems = [Problem(f"{draft}:{number}", found, "is still to be filled in") for number, found in placeholders(text)]
    if FORCED in text:
        problems.append(Problem(str(draft), None, "was made with --force from a run that is no basis: use another run"))
    if place.exists() and not force:
        problems.append(Problem(str(place), None, "exists: give another name, or --force to replace it"))
    if place.absolute() == draft.absolute():
        problems.append(Problem("--finalize", str(place), "is the draft itself: give another name"))
    try:
        document = final_document(text, place.stem, utc_now())
    except ValueError as error:
        problems.append(Problem(str(draft), None, f"is no draft of `loadgen report recommend`: {error}"))
        document = ""
    if problems:
        raise InputError(problems)
    make_place(place)
    publish(document, place)
    click.echo(f"final: {place}")
    return 0


def _read(draft: Path) -> str:
    from loadgen.core.errors import InputError, Problem

    try:
        return draft.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        remedy = f"the draft cannot be read ({why}): make one with `loadgen report recommend DIRECTORY -o {draft}`"
        raise InputError([Problem("--draft", str(draft), remedy)]) from error
