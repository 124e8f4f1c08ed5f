"""`loadgen baseline`: warm-up, load, observer, breaker, report and verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import asked_of, demo_stand_ins, refuse_beside_demo, refuse_to_resume_demo, with_addresses_of
from loadgen.cli.detach import DetachableCommand, start_detached, tell_started
from loadgen.cli.flags import (
    BREAKER,
    CREDENTIALS,
    LOAD,
    NETWORK,
    OBSERVATION,
    PERMISSION,
    RESUME,
    REUSE,
    SCHEDULE,
    SELF_METRICS,
    SHAPE,
    SOURCES,
    TARGET,
    WARMUP,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.config import Settings
    from loadgen.core.errors import ExitCode
    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.load import Inputs
    from loadgen.plan.model import Kind, Plan
    from loadgen.run.execution import Execution
    from loadgen.run.session import Session, Terms

_OWN = ("kind", "resume", "json", "quiet", "detach", "detached_fd", "results")
_KINDS = ("baseline", "extended", "fallback-scenario")


@click.command(cls=DetachableCommand)
@with_options(
    TARGET, OBSERVATION, LOAD, SCHEDULE, WARMUP, SHAPE, CREDENTIALS, NETWORK, REUSE, BREAKER, PERMISSION, SOURCES
)
@click.option("--demo", is_flag=True, help="Start the demo service and use it; so it is without a base URL.")
@click.option("--kind", type=click.Choice(_KINDS), default="baseline", show_default=True, help="What the run is for.")
@click.option("--results", type=click.Path(file_okay=False), metavar="DIR", help="Where run directories go.  [results]")
@with_options(RESUME, SELF_METRICS)
@click.option("--json", is_flag=True, help="Print metadata.json on stdout at the end, everything else on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.option("--detach", is_flag=True, help="Run in the background; print the run directory and the pid.")
@click.option("--detached-fd", type=int, hidden=True)
@click.pass_context
def baseline(context: click.Context, /, **given: Any) -> int:
    """Warm up, load, observe, guard, and judge: a whole baseline.

    Without a base URL the demo service is started and used, which takes about a minute. Exit code 0 GO, 1 NO-GO, 2
    error, 3 INCOMPLETE, 4 breaker, 5 INVALID, or a signal's.
    """
    if given["detach"]:
        return start_detached(context)
    from loadgen.cli.traced import traced_to_its_code

    return traced_to_its_code("baseline", given["results"], lambda execution: _baseline(given, execution))


def _baseline(given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import asyncio
    from dataclasses import replace
    from pathlib import Path

    from loadgen.plan.model import Kind
    from loadgen.run.lock import RunLock

    asked = asked_of(given, *_OWN)
    flags, inputs, settings = asked.flags, asked.inputs, asked.settings
    kind = Kind(given["kind"])
    if asked.demo:
        refuse_to_resume_demo(given["resume"])
        flags = _demo_flags(flags, settings, kind)
    execution.note(kind=kind.value, profile=settings.profile)
    settings, plan = _plan(kind, given, flags, inputs)
    plan, again = _gone_on_with(plan, given["resume"])
    with RunLock(Path(settings.out_dir)) as lock:
        terms = replace(_terms(settings, given, lock.name_run, execution), **again)
        if asked.demo:
            session = asyncio.run(_demo_session(kind, given, flags, inputs, terms))
        else:
            session = asyncio.run(_session(settings, plan, inputs, terms))
        return _settle(session, given, execution)


def _demo_flags(flags: Mapping[str, object], settings: Settings, kind: Kind) -> dict[str, object]:
    """Return the flags with the demo's short schedule where nothing else was asked for, its addresses stood in for."""
    from loadgen.core.setting_table import Source
    from loadgen.plan.model import Kind
    from loadgen.run import demo_service

    refuse_beside_demo(settings, "base_url")
    usual = {"samples": demo_service.SAMPLES, "interval_ns": demo_service.INTERVAL, "warmup_ns": demo_service.WARMUP}
    if kind is not Kind.BASELINE:
        del usual["samples"]  # a validation has as many as it has elsewhere
    short = {
        name.removesuffix("_ns"): value for name, value in usual.items() if settings.sources[name] is Source.DEFAULT
    }
    return {**flags, **short, **demo_stand_ins(settings)}


async def _demo_session(
    kind: Kind, given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs, terms: Terms
) -> Session:
    import os

    from loadgen.run.demo_service import DemoService

    async with DemoService(os.environ) as demo:
        click.echo(f"demo service at {demo.url}", err=True)
        flags = with_addresses_of(demo, flags)
        return await _session(*_plan(kind, given, flags, inputs), inputs, terms)


def _gone_on_with(plan: Plan, directory: str | None) -> tuple[Plan, dict[str, Any]]:
    """Return the plan that goes on in a run directory, and what the session's terms are then; unchanged for none."""
    from pathlib import Path

    from loadgen.core.rundir import RunDirectory
    from loadgen.run.resume import resume

    if directory is None:
        return plan, {}
    place = RunDirectory(Path(directory))
    plan, earlier = resume(place, plan)
    return plan, {"out": place.path, "resume": True, "earlier": earlier}


async def _session(settings: Settings, plan: Plan, inputs: Inputs, terms: Terms) -> Session:
    from dataclasses import replace

    from loadgen.cli.preflight import checker
    from loadgen.run.session import run_session

    return await run_session(plan, replace(terms, preflight=checker(settings, inputs)))


def _plan(kind: Kind, given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs) -> tuple[Settings, Plan]:
    from loadgen.plan.load import load_plan

    return load_plan(kind, given["profile"], flags, inputs)


def _terms(settings: Settings, given: Mapping[str, Any], name_run: Any, execution: Execution) -> Terms:
    import os
    import sys
    from pathlib import Path

    from loadgen.cli.showing import with_self_metrics
    from loadgen.notify.channel import messaging_of
    from loadgen.run.session import Terms
    from loadgen.view.choose import choose

    def announce(place: RunDirectory) -> None:
        name_run(str(place.path.absolute()))
        click.echo(f"run directory {place.path}", err=True)
        if given["detached_fd"] is not None:
            tell_started(given["detached_fd"], place.path, place.console_log)

    def view(place: RunDirectory) -> View:
        plain = settings.non_interactive
        return choose(sys.stderr, json=given["json"], plain=plain, quiet=given["quiet"], title=place.run_id)

    return Terms(
        results=Path(settings.out_dir),
        environ=os.environ,
        view=with_self_metrics(view, settings, execution),
        announce=announce,
        detached=given["detached_fd"] is not None,
        messaging=messaging_of(settings.variables),
        execution=execution,
    )


def _settle(session: Session, given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import os
    import sys

    from loadgen.core.errors import ExitCode
    from loadgen.run.session import leave_validation, report_exit, settle_exit, worth_a_report

    if session.ending is None or session.place is None:
        return ExitCode.USAGE
    click.echo(f"loadgen: {session.ending.sentence}", err=True)
    verdict = None
    if worth_a_report(session.ending):
        named = {"--profile": given["profile"], "--env-file": given["env_file"]}
        sources = [word for option, value in named.items() if value for word in (option, str(value))]
        with execution.step("report") as step:
            leave_validation(session.place, os.environ, sources)
            verdict = report_exit(session.place, os.environ, to_stderr=given["json"])
            step.details["exit_code"] = int(verdict)
    code = settle_exit(session.place, session.ending, verdict)
    if given["json"]:
        sys.stdout.write(session.place.metadata.read_text(encoding="utf-8"))
    return code
