"""`report complete`: the closing round of a run: report, recommendations, document, archive, in this order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.verbs.append import TARGET as DOCUMENT
from reports.verbs.archive import TARGET as ARCHIVES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.core.errors import ExitCode

_TIMED = (b"Generated (UTC)", b"Made by loadgen")
"""What stands in the lines of a report that say when it was made."""
_DRAFT = Path("docs/phase5/SLO_DRAFT.md")


@click.command(short_help="Close a run: report, recommend, append, archive.")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--target", type=click.Path(dir_okay=False, path_type=Path), default=DOCUMENT, show_default=True,
              help="The document that the report is appended to.")  # fmt: skip
@click.option("--draft", type=click.Path(dir_okay=False, path_type=Path), default=_DRAFT, show_default=True,
              help="The draft of objectives.")  # fmt: skip
@click.option("--archives", type=click.Path(file_okay=False, path_type=Path), default=ARCHIVES, show_default=True,
              help="Where the archive goes.")  # fmt: skip
@click.option("--read-only/--writable", default=None, help="Take the right to write away.  [ARCHIVE_READONLY]")
@click.pass_context
def complete(
    context: click.Context, directory: Path | None, target: Path, draft: Path, archives: Path, read_only: bool | None
) -> int:
    """Close a run (the newest one if none is named): write its report, recommend objectives, append, archive.

    Every step is tried whatever became of the one before, and each says what it did. A run that is no basis for
    objectives gets none. Exit code: that of the verdict, or 2 when a step could not be done.
    """
    from loadgen.core.errors import ExitCode, worst_exit
    from loadgen.core.rundir import RunDirectory
    from reports.loader.directory import NotARunError
    from reports.loader.newest import chosen_run

    place = chosen_run(directory)
    if not place.is_dir():
        raise NotARunError(f"{place}: a run directory is closed, not a file")
    made = RunDirectory(place)
    reports = (made.production_report, made.report_html)
    permission = [] if read_only is None else ["--read-only" if read_only else "--writable"]
    wanted = [str(place), "-o", str(reports[0]), "--html", str(reports[1])]
    verdict = _unless_same(reports, lambda: _step(context, "production", wanted))
    advice = _advice(context, place, draft)
    others = [
        _step(context, "append", [str(place), "--target", str(target)]),
        _step(context, "archive", [str(place), "--to", str(archives), *permission]),
    ]
    failed = ExitCode.USAGE in (verdict, advice, *others)
    code = worst_exit([verdict, *([ExitCode.USAGE] if failed else [])])
    click.echo(f"complete: {place.name}, exit code {int(code)} ({code.meaning})")
    return int(code)


def _advice(context: click.Context, place: Path, draft: Path) -> ExitCode:
    """Recommend objectives; a draft that is there may have been edited and is left alone."""
    from loadgen.core.errors import ExitCode

    if not draft.exists():
        return _step(context, "recommend", [str(place), "-o", str(draft)])
    click.echo(f"--- recommend\n{draft} is there and stays as it is: it may have been edited")
    return ExitCode.OK


def _unless_same(reports: Sequence[Path], write: Callable[[], ExitCode]) -> ExitCode:
    """Write reports anew; one that says the same again is left as it was, so that a run closes once."""
    before = [report.read_bytes() if report.exists() else b"" for report in reports]
    code = write()
    for report, text in zip(reports, before, strict=True):
        if text and report.exists() and _without_time(report.read_bytes()) == _without_time(text):
            report.write_bytes(text)
    return code


def _without_time(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if not any(mark in line for mark in _TIMED)]


def _step(context: click.Context, verb: str, arguments: list[str]) -> ExitCode:
    """Run another verb of the same command; an error of it is told and is USAGE."""
    from loadgen.core.errors import ExitCode, LoadgenError

    assert context.parent is not None
    group = context.parent.command
    assert isinstance(group, click.Group)
    click.echo(f"--- {verb}")
    command = group.get_command(context.parent, verb)
    assert command is not None
    try:
        result = command.main(arguments, prog_name=f"report {verb}", standalone_mode=False)
    except LoadgenError as error:
        click.echo(f"{verb}: {error}", err=True)
        return ExitCode.USAGE
    return ExitCode(result or 0)
