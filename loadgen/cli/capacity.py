"""`loadgen capacity`: does this rate hold, and which is the highest that does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import asked_of, demo_stand_ins, refuse_beside_demo, refuse_to_resume_demo, with_addresses_of
from loadgen.cli.flags import (
    CREDENTIALS,
    LOAD,
    METRICS,
    NETWORK,
    NO_WARMUP,
    REDIS,
    REUSE,
    SELF_METRICS,
    SHAPE,
    SOURCES,
    START,
    TARGET,
    THRESHOLDS,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.config import Settings
    from loadgen.core.errors import ExitCode
    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.load import Inputs
    from loadgen.plan.model import Plan
    from loadgen.run.capacity.task import CapacityTask
    from loadgen.run.execution import Execution
    from loadgen.run.session import Session, Terms

_OWN = (
    "search", "slo", "start", "settle", "block", "hold", "precision", "confirm_host", "resume", "results", "json",
    "quiet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begin:
    """Who is told of a run that begins: the lock, the command's trace."""

    name_run: Callable[[str], None]
    execution: Execution


@click.command()
@click.option("--search", is_flag=True, help="Find the highest rate that holds, up to --rate.  [in dev 10000]")
@click.option(
    "--slo", multiple=True, metavar="CONDITION", help="What must hold; repeatable.  [p99<250ms,error_rate<1%]"
)
@click.option("--hold", metavar="DURATION", help="How long a single rate is held without --search.  [60s]")
@click.option("--start", metavar="RATE", help="First rate of a search.  [an eighth to half of --rate]")
@click.option("--settle", metavar="DURATION", help="Beginning of each step that is not judged.  [1s]")
@click.option("--block", metavar="DURATION", help="Time between two looks at a step, 5s or more.  [5s]")
@click.option("--precision", type=float, default=0.03, show_default=True, help="Width of the answer, as a share.")
@click.option("--confirm-host", metavar="HOST", help="The host under test, once more: production needs it.")
@click.option("--resume", type=click.Path(file_okay=False), metavar="DIR", help="Go on with an unfinished run.")
@with_options(
    SELF_METRICS,
    TARGET,
    LOAD,
    METRICS,
    REDIS,
    NO_WARMUP,
    SHAPE,
    CREDENTIALS,
    NETWORK,
    REUSE,
    THRESHOLDS,
    START,
    SOURCES,
)
@click.option("--demo", is_flag=True, help="Start the demo service and use it; so it is without a base URL.")
@click.option("--results", type=click.Path(file_okay=False), metavar="DIR", help="Where run directories go.  [results]")
@click.option("--json", is_flag=True, help="Print capacity.json on stdout at the end, everything else on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def capacity(**given: Any) -> int:
    """Say whether --rate holds, or with --search which rate up to it is the highest that does.

    A rate holds when every condition does, and neither the queue nor the response times grow. Conditions are written
    as p99<250ms, avg<50ms, error_rate<1%, or with a column of metrics.csv, such as cpu_percent<80. The circuit breaker
    is always armed: a trip fails the step, the third one (the first in production) ends the run.

    Exit code 0 holds or found, 1 does not hold, 2 error, 3 inconclusive, 4 breaker, 5 INVALID, or a signal's.
    """
    from loadgen.cli.traced import traced_to_its_code

    return traced_to_its_code("capacity", given["results"], lambda execution: _capacity(given, execution))


def _capacity(given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import asyncio
    from pathlib import Path

    from loadgen.run.lock import RunLock

    asked = asked_of(given, *_OWN)
    flags, inputs, settings = asked.flags, asked.inputs, asked.settings
    if given["search"] and settings.profile == "dev" and not settings.given_for_this_run("rate"):
        flags["rate"] = _local_ceiling()
    execution.note(profile=settings.profile)
    if asked.demo:
        refuse_to_resume_demo(given["resume"])
        refuse_beside_demo(settings, "base_url")
        flags |= demo_stand_ins(settings)
    wanted = _wanted(given, flags, inputs)
    with RunLock(Path(settings.out_dir)) as lock:
        begin = Begin(lock.name_run, execution)
        if asked.demo:
            session = asyncio.run(_with_demo(given, flags, inputs, begin))
        else:
            session = asyncio.run(_run(*wanted, given, inputs, begin))
        return _settle(session, given, execution)


def _local_ceiling() -> str:
    from loadgen.run.asking import LOCAL_CEILING

    return LOCAL_CEILING


async def _with_demo(given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs, begin: Begin) -> Session:
    import os

    from loadgen.run.demo_service import DemoService

    async with DemoService(os.environ) as demo:
        click.echo(f"demo service at {demo.url}", err=True)
        return await _run(*_wanted(given, with_addresses_of(demo, flags), inputs), given, inputs, begin)


def _wanted(
    given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs
) -> tuple[Settings, Plan, CapacityTask]:
    from dataclasses import replace
    from pathlib import Path

    from loadgen.core.errors import InputError
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind
    from loadgen.run.asking import Wishes, build_task, load_of, problems_of
    from loadgen.run.decisions import read_outcomes

    names = ("search", "slo", "start", "settle", "block", "hold", "precision", "confirm_host")
    wishes = Wishes(**{name: given[name] for name in names})
    try:
        settings, plan = load_plan(Kind.CAPACITY, given["profile"], flags, inputs)
    except InputError as error:
        raise InputError([*error.problems, *problems_of(wishes)]) from error
    task = build_task(settings, plan, wishes)
    if given["resume"] is not None:
        task = replace(task, before=read_outcomes(RunDirectory(Path(given["resume"])).decisions, task))
    return settings, load_of(plan, task), task


async def _run(
    settings: Settings, plan: Plan, task: CapacityTask, given: Mapping[str, Any], inputs: Inputs, begin: Begin
) -> Session:
    from dataclasses import replace
    from functools import partial
    from pathlib import Path

    from loadgen.cli.preflight import checker
    from loadgen.run.climb import climb
    from loadgen.run.session import run_session

    terms = _terms(given, settings, begin)
    resumed = given["resume"] is not None
    if resumed:
        terms = replace(terms, out=Path(given["resume"]), resume=True)
    checked = checker(settings, inputs) if plan.observation is not None else None
    conduct = partial(climb, task=task, resumed=resumed)
    return await run_session(plan, replace(terms, preflight=checked, conduct=conduct))


def _terms(given: Mapping[str, Any], settings: Settings, begin: Begin) -> Terms:
    import os
    import sys
    from pathlib import Path

    from loadgen.cli.showing import with_self_metrics
    from loadgen.notify.channel import messaging_of
    from loadgen.run.session import Terms
    from loadgen.view.choose import choose

    def view(place: RunDirectory) -> View:
        plain = settings.non_interactive
        return choose(sys.stderr, json=given["json"], plain=plain, quiet=given["quiet"], title=place.run_id)

    def announce(place: RunDirectory) -> None:
        begin.name_run(str(place.path.absolute()))
        click.echo(f"run directory {place.path}", err=True)

    return Terms(
        results=Path(settings.out_dir),
        environ=os.environ,
        view=with_self_metrics(view, settings, begin.execution),
        announce=announce,
        partial_report=False,
        messaging=messaging_of(settings.variables),
        execution=begin.execution,
    )


def _settle(session: Session, given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import os
    import sys

    from loadgen.core.errors import ExitCode
    from loadgen.run.session import capacity_report, settle_exit

    if session.ending is None or session.place is None:
        return ExitCode.USAGE
    click.echo(f"loadgen: {session.ending.sentence}", err=True)
    if session.place.capacity.exists():
        with execution.step("report"):
            capacity_report(session.place, os.environ, to_stderr=given["json"])
        if given["json"]:
            sys.stdout.write(session.place.capacity.read_text(encoding="utf-8"))
    return settle_exit(session.place, session.ending, None)
