"""`report observation`: several runs and a checklist as a readiness report."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="Readiness from several runs: 6 technical and 4 operational points.")
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--checklist", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Operational answers with evidence (TOML).")  # fmt: skip
@click.option("--drill", "drills", multiple=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Result of a tabletop drill; repeatable.  [those where the checklist lies]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
def observation(
    directories: tuple[Path, ...], checklist: Path | None, drills: tuple[Path, ...], output: Path | None
) -> int:
    """Report on the runs in DIRECTORIES in eleven sections, with a score of ten points and a decision.

    Six points come from the runs, four from the checklist and from drills; what nobody answered, or answered without
    evidence, is no point, and neither is a drill that was not passed or is older than 90 days. Exit code: 0 GO, 3 GO
    WITH CONDITIONS, 1 NO-GO, 2 nothing of a run can be read.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.analysis.assessment import Question, assess
    from reports.analysis.drills import weigh
    from reports.analysis.readiness import readiness_of
    from reports.analysis.targets import targets_of
    from reports.loader.checklist import read_checklist
    from reports.loader.directory import load
    from reports.loader.drills import read_drills
    from reports.model.checklist import Checklist
    from reports.render.observation import observation_report
    from reports.verbs.publishing import publish

    paths = [path.resolve() for path in directories]
    twice = sorted({str(path) for path in paths if paths.count(path) > 1})
    if twice:
        raise InputError([Problem("DIRECTORIES", path, "is named twice: each run counts once") for path in twice])
    answers = read_checklist(checklist) if checklist else Checklist()
    now = utc_now()
    held = weigh(read_drills(drills, checklist), now)
    runs = [load(path) for path in directories]
    assessments = [assess(run, Question(*targets_of(run.targets, os.environ))) for run in runs]
    readiness = readiness_of(assessments, answers, held)
    publish(observation_report(assessments, answers, readiness, now, held), output)
    if output is not None:
        click.echo(f"{readiness.decision}: {readiness.score} of 10 points, grade {readiness.grade}; {output}")
    return int(readiness.decision.exit_code)
