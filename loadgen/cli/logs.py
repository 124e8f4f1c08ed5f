"""`loadgen logs query`: four questions to the JSON-lines logs of runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.core.errors import ExitCode
    from loadgen.view.log_files import LogFiles

_FIELDS = ("cmd", "service", "level", "user_id", "correlation_id")
_SHORTEST_ID = 8
_QUESTIONS = "--trace-id ID, --by FIELD, --errors or --durations"


@click.group()
def logs() -> None:
    """Ask the logs of runs."""


@logs.command()
@click.argument("places", nargs=-1, metavar="[DIR|FILE]...", type=click.Path(path_type=Path))
@click.option("--trace-id", metavar="ID", help="Warnings and errors of this trace; its first 8 characters will do.")
@click.option("--by", type=click.Choice(_FIELDS), help="How often each value of a field comes, such as each cmd.")
@click.option("--errors", is_flag=True, help="Warnings, errors and their share over time.")
@click.option("--bin", "width", metavar="DURATION", help="Width of a bin of --errors.  [5m]")
@click.option("--durations", is_flag=True, help="How long each trace took.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def query(places: tuple[Path, ...], as_json: bool, **given: Any) -> ExitCode:
    """Answer one question from the logs at some places: files, or all that lie below a directory.

    Without a place it is the results directory. Read are load.log, observe.log, other *.log in JSON lines and
    .traces.jsonl, rotated and gzipped ones too; lines that cannot be read are counted and named by their file.
    """
    from loadgen.core.errors import ExitCode
    from loadgen.core.rundir import RESULTS
    from loadgen.view.log_files import find_logs

    question, width_ns = _question(given)
    files = find_logs(places or (RESULTS,))
    rows = _answer(question, width_ns, given, files)
    for sentence in _trouble(files):
        click.echo(f"loadgen: {sentence}", err=True)
    _show(question, rows, files, as_json=as_json)
    return ExitCode.OK


def _question(given: Mapping[str, Any]) -> tuple[str, int]:
    """Return which question is asked and how wide its bins are; raise InputError with all problems."""
    from loadgen.core.errors import InputError, Problem
    from loadgen.core.units import NS_PER_S, parse_duration_ns

    problems = []
    asked = [name for name in ("trace_id", "by", "errors", "durations") if given[name]]
    if len(asked) != 1:
        problems.append(Problem("logs query", None, f"ask one question: {_QUESTIONS}"))
    if given["trace_id"] is not None and len(given["trace_id"]) < _SHORTEST_ID:
        problems.append(Problem("--trace-id", given["trace_id"], f"give at least its first {_SHORTEST_ID} characters"))
    width_ns = 300 * NS_PER_S
    if given["width"] is not None:
        try:
            width_ns = parse_duration_ns(given["width"])
        except ValueError as error:
            problems.append(Problem("--bin", given["width"], str(error)))
        if width_ns < NS_PER_S:
            problems.append(Problem("--bin", given["width"], "at least 1s"))
        if not given["errors"]:
            problems.append(Problem("--bin", given["width"], "belongs to --errors"))
    if problems:
        raise InputError(problems)
    return asked[0], width_ns


def _answer(question: str, width_ns: int, given: Mapping[str, Any], files: LogFiles) -> list[dict[str, Any]]:
    from loadgen.view import log_questions

    if question == "trace_id":
        return log_questions.trouble_of(files, given["trace_id"].lower())
    if question == "by":
        return log_questions.usage_by(files, given["by"])
    if question == "errors":
        return log_questions.errors_by_time(files, width_ns)
    return log_questions.durations(files)


def _trouble(files: LogFiles) -> list[str]:
    found = [
        f"{name}: {broken.count} lines are no log lines (the first is line {broken.first}); they were passed over"
        for name, broken in files.broken.items()
    ]
    return found + [f"{name}: not read to its end: {why}" for name, why in files.unread.items()]


def _show(question: str, rows: Sequence[dict[str, Any]], files: LogFiles, *, as_json: bool) -> None:
    import json

    from loadgen.core.redact import Redactor
    from loadgen.view.log_table import table

    masked = Redactor().structure(list(rows))
    assert isinstance(masked, list)
    if not as_json:
        click.echo(table(masked))
        click.echo(f"{len(rows)} rows from {files.count:,} lines and {len(files.traces)} traces", err=True)
        return
    document = {
        "question": question,
        "files": [str(path) for path in files.paths],
        "lines": files.count,
        "traces": len(files.traces),
        "broken": {name: {"count": one.count, "first_line": one.first} for name, one in files.broken.items()},
        "unread": files.unread,
        "rows": masked,
    }
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
