"""`loadgen drill tabletop`: hold a drill with people, note the times, score it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from loadgen.core.drill_record import DrillRecord
    from loadgen.core.errors import ExitCode


@click.command()
@click.option("--drill", "number", type=click.Choice(["01", "02", "03", "04"]), help="Which drill to hold.  [01]")
@click.option("--participant", "participants", multiple=True, metavar="NAME", help="Who takes part; repeatable.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where the result goes.  [results/drills/drill-NUMBER-TIME.json]")  # fmt: skip
@click.option("--answers", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Take everything from this file (TOML) instead of asking.")  # fmt: skip
@click.option("--resume", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Go on with the drill in this result file.")  # fmt: skip
def tabletop(
    number: str | None, participants: tuple[str, ...], out: Path | None, answers: Path | None, resume: Path | None
) -> ExitCode:
    """Hold a tabletop drill in six phases of 5, 2, 5, 3, 5 and 3 minutes and score six criteria.

    6 of 6 is grade A+, 5 A, 4 B, fewer F; `loadgen report observation` reads the result. Each answer is saved at
    once. Exit code: 0 passed (at least 5 of 6), 1 held and not passed, 3 interrupted (go on with --resume), 130 Ctrl-C,
    2 answers that cannot be used.
    """
    from loadgen.core.clock import SystemClock
    from loadgen.core.errors import ExitCode
    from loadgen.core.rundir import DRILLS as RECORDS
    from loadgen.drill.tabletop import DRILLS
    from loadgen.drill.tabletop_answers import read_answers
    from loadgen.drill.tabletop_session import Session, begin, summary

    clock = SystemClock()
    _refuse(number, participants, (out, answers, resume))
    if resume is not None:
        record = _held_so_far(resume)
        scenario, place = DRILLS[record.drill], resume
    else:
        scenario = DRILLS[number or "01"]
        record = read_answers(answers, scenario, clock.utc_now()) if answers else begin(scenario, participants, clock)
        place = _prepared(out or RECORDS / f"drill-{scenario.number}-{record.started:%Y%m%d-%H%M%S}.json")
    if answers is not None:
        _save(record, place)
    else:
        session = Session(scenario, record, _Terminal(), clock, lambda now: _save(now, place))
        try:
            record = session.conduct()
        except (EOFError, click.Abort, KeyboardInterrupt) as end:
            click.echo(f"\nloadgen: interrupted; go on with: loadgen drill tabletop --resume {place}", err=True)
            return ExitCode.INCOMPLETE if isinstance(end, EOFError) else ExitCode.SIGINT
    click.echo("\n".join([*summary(record), f"written to {place}"]))
    return ExitCode.OK if record.passed else ExitCode.NO_GO


class _Terminal:
    """Speaks on standard output, listens on standard input."""

    def say(self, text: str = "") -> None:
        click.echo(text)

    def ask(self, question: str) -> str:
        import sys

        click.echo(f"{question}: ", nl=False)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line


def _refuse(
    number: str | None, participants: tuple[str, ...], files: tuple[Path | None, Path | None, Path | None]
) -> None:
    """Raise InputError naming every option that does not go with another, and an --out that is taken."""
    from loadgen.core.errors import InputError, Problem

    out, answers, resume = files
    problems = []
    given = {"--drill": number, "--out": out, "--answers": answers, "--participant": participants or None}
    if resume is not None:
        problems += [
            Problem(key, None, "does not go with --resume: the result file says it")
            for key, value in given.items()
            if value is not None
        ]
    if answers is not None and participants:
        problems.append(Problem("--participant", None, "does not go with --answers: the file says it"))
    if out is not None and out.exists():
        problems.append(Problem("--out", str(out), f"exists: give another name, or go on with --resume {out}"))
    if problems:
        raise InputError(problems)


def _held_so_far(path: Path) -> DrillRecord:
    """Return the record of a drill that can go on; raise InputError for any other."""
    from loadgen.core.drill_record import read_drill
    from loadgen.core.errors import InputError, Problem
    from loadgen.drill.tabletop import DRILLS

    record = read_drill(path)
    if record.complete:
        raise InputError([Problem("--resume", str(path), "is complete: there is nothing to go on with")])
    if record.drill not in DRILLS:
        raise InputError([Problem("--resume", str(path), f"holds drill {record.drill!r}, which there is not")])
    return record


def _prepared(path: Path) -> Path:
    """Make the directory of a result; raise InputError when it cannot be."""
    from loadgen.core.errors import InputError, Problem

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Problem("--out", str(path), f"its directory cannot be made: {error.strerror}")]) from error
    return path


def _save(record: DrillRecord, path: Path) -> None:
    """Replace the result file, secrets masked; raise LoadgenError when it cannot be."""
    import orjson

    from loadgen.core.errors import LoadgenError
    from loadgen.core.redact import Redactor
    from loadgen.core.whole_file import write_whole

    body = Redactor().structure(record.to_body())
    try:
        write_whole(path, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise LoadgenError(f"{path}: the drill's result cannot be written ({error.strerror})") from error
