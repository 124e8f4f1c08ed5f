"""One command from its plan to its exit code: lock, preflight, run, report.

Laws: the lock is held from before the first request until after the report; nothing is sent when preflight fails or a
cool-down blocks the host; the exit code in metadata.json is the one that the command ends with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import utc_now
from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem, worst_exit
from loadgen.core.execution_trace import StepStatus
from loadgen.core.metadata import MetadataError, Status, read_metadata, write_metadata
from loadgen.core.redact import Redactor
from loadgen.core.rundir import ALERT_LEDGER, STOP_FILE, RunDirectory
from loadgen.core.uncaught import mask_uncaught
from loadgen.notify.channel import SILENT
from loadgen.plan.identity import named
from loadgen.plan.model import Profile
from loadgen.plan.token import plan_with_token
from loadgen.run.alarm import Alarm
from loadgen.run.cooldown import keep_trip_record, refuse_after_trip
from loadgen.run.execution import Execution
from loadgen.run.launch import Spec, child_environment, run_to_end
from loadgen.run.lock import alone_in
from loadgen.run.preflight_model import PreflightResult
from loadgen.run.rows_enough import refuse_short_feeders
from loadgen.run.setup import Setup
from loadgen.run.supervise import supervise
from loadgen.run.token import Renewal, obtain
from loadgen.run.token_answer import TokenError
from loadgen.run.traced_view import TracedView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from loadgen.core.events import View
    from loadgen.notify.channel import Messaging
    from loadgen.plan.model import Plan
    from loadgen.run.earlier import Earlier
    from loadgen.run.ending import Ending

_VALIDATED = frozenset(ExitCode) - {ExitCode.USAGE}

Conduct = Callable[["Plan", "RunDirectory", "View", "Setup"], "Awaitable[Ending]"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a command decides about its session.

    `preflight` makes the checks, None for none. `view` is made for the run directory once that exists. `announce` is
    told the run directory before anything is sent. `out` is a given directory, None for one below `results`; with
    `resume` it is that of an earlier session. `conduct` runs the plan. `messaging` says who is told of a trip or a
    failure. `earlier` is the part of an interrupted run that this one goes on from. `execution` is the command's trace.
    """

    results: Path
    environ: Mapping[str, str]
    view: Callable[[RunDirectory], View]
    announce: Callable[[RunDirectory], None]
    preflight: Callable[[Plan], Awaitable[PreflightResult]] | None = None
    out: Path | None = None
    detached: bool = False
    pid_files: bool = True
    partial_report: bool = True
    conduct: Conduct = supervise
    resume: bool = False
    messaging: Messaging = SILENT
    earlier: Earlier | None = None
    execution: Execution = field(default_factory=partial(Execution, "session"))


@dataclass(frozen=True, slots=True)
class Session:
    """What a session came to; `ending` is None when preflight failed and nothing was run."""

    ending: Ending | None
    place: RunDirectory | None
    checks: tuple[Any, ...] = field(default=())


async def run_session(plan: Plan, terms: Terms) -> Session:
    """Check and run a plan; the caller holds the lock of the results. Raises LoadgenError before anything is sent.

    A run that is gone on with is held as well: not every command has its directory below the same results.
    """
    with alone_in(terms.out) if terms.resume and terms.out is not None else nullcontext():
        return await _run(plan, terms)


async def _run(plan: Plan, terms: Terms) -> Session:
    if plan.profile is Profile.PRODUCTION:
        refuse_after_trip(terms.results, plan.base_url, utc_now(), plan.after_trip)
    _refuse_stop_file()
    refuse_short_feeders(plan)
    execution = terms.execution
    plan, renewal = await first_token(plan, terms.environ)
    redactor = redactor_of(plan) if renewal is None else renewal.redactor
    execution.mask_with(redactor)
    execution.keep_at(terms.results)
    checked = await _checked(plan, terms)
    if checked.failed:
        return Session(None, None, checked.checks)
    plan = checked.plan
    place = _place(plan, terms)
    plan = named(plan, place.run_id)
    execution.name_run(place)
    mask_uncaught(redactor)
    setup = _setup(terms, checked, redactor, renewal)
    terms.announce(place)
    view = TracedView(terms.view(place), execution)
    try:
        ending = await terms.conduct(plan, place, view, setup)
    finally:
        view.close()
    if plan.profile is Profile.PRODUCTION and ending.status is Status.ABORTED_CIRCUIT_BREAKER:
        keep_trip_record(terms.results, place, utc_now())
    return Session(ending, place, checked.checks)


def _setup(terms: Terms, checked: PreflightResult, redactor: Redactor, renewal: Renewal | None) -> Setup:
    """Return what the supervisor is told beside the plan."""
    return Setup(
        environment=child_environment(terms.environ, redactor),
        stop_file=STOP_FILE,
        pid_dir=Path.cwd() if terms.pid_files else None,
        detached=terms.detached,
        partial_report=terms.partial_report,
        unarmed=checked.unarmed,
        preflight=[check.to_body() for check in checked.checks],
        redactor=redactor,
        renewal=renewal,
        alarm=Alarm(terms.messaging, terms.results / ALERT_LEDGER) if terms.messaging.alerts_enabled else None,
        earlier=terms.earlier,
        trace_id=terms.execution.trace_id,
    )


async def _checked(plan: Plan, terms: Terms) -> PreflightResult:
    """Make the checks that the terms ask for."""
    if terms.preflight is None:
        return PreflightResult((), plan, {})
    return await checked_as_step(terms.execution, terms.preflight(plan))


async def checked_as_step(execution: Execution, checks: Awaitable[PreflightResult]) -> PreflightResult:
    """Await the result of preflight as a step of a trace."""
    with execution.step("preflight") as step:
        result = await checks
        failed = [f"{check.name}: {check.message}" for check in result.failed]
        status = StepStatus.FAILURE if failed else StepStatus.SUCCESS
        execution.end(step, status, checks=len(result.checks), failed=failed)
    return result


async def first_token(plan: Plan, environ: Mapping[str, str]) -> tuple[Plan, Renewal | None]:
    """Get the token of a plan that says where it comes from; return the plan that has it, and what renews it.

    Raises InputError when there is none.
    """
    source = plan.issuer
    if source is None:
        return plan, None
    redactor = redactor_of(plan)
    try:
        issued = await obtain(source, plan.load, environ, redactor)
    except TokenError as error:
        name = "--token-command" if source.command is not None else "token.url"
        raise InputError([Problem(name, None, f"there is no token: {error}")]) from error
    plan = plan_with_token(plan, issued.token)
    return plan, Renewal(source, plan.load, environ, redactor_of(plan), issued)


def redactor_of(plan: Plan) -> Redactor:
    """Return a redactor that knows the plan's secrets."""
    return Redactor(plan.secrets if plan.jwt is None else (*plan.secrets, plan.jwt))


def report_exit(place: RunDirectory, environ: Mapping[str, str], *, to_stderr: bool) -> ExitCode:
    """Have the production report written, as markdown and as a page; return the exit code of its verdict.

    It is USAGE when the report cannot be made.
    """
    outputs = ("-o", str(place.production_report), "--html", str(place.report_html))
    arguments = ("production", str(place.path), *outputs)
    spec = Spec("report", "reports", 0, arguments, child_environment(environ))
    code = run_to_end(spec, stdout=sys.stderr.fileno() if to_stderr else None)
    try:
        return ExitCode(code)
    except ValueError:
        return ExitCode.USAGE


def capacity_report(place: RunDirectory, environ: Mapping[str, str], *, to_stderr: bool) -> None:
    """Have the report of a capacity run written and shown; that it cannot be made is a line on stderr."""
    arguments = ("capacity", str(place.path), "-o", str(place.capacity_report))
    spec = Spec("report", "reports", 0, arguments, child_environment(environ))
    code = run_to_end(spec, stdout=sys.stderr.fileno() if to_stderr else None)
    if code != ExitCode.OK:
        sys.stderr.write(f"loadgen: {place.capacity_report.name} could not be made (exit {code})\n")


def leave_validation(place: RunDirectory, environ: Mapping[str, str], sources: Sequence[str] = ()) -> None:
    """Have validation.json written; that it cannot be made is a line on stderr, what it says is not the exit code.

    `sources` are the options that name where settings are read, so that OUT_JSON and OUT_MD are obeyed.
    """
    arguments = ("validate", str(place.path), "--quiet", *sources)
    code = run_to_end(
        Spec("validation", "reports", 0, arguments, child_environment(environ)), stdout=sys.stderr.fileno()
    )
    if code not in _VALIDATED:
        sys.stderr.write(f"loadgen: {place.validation.name} could not be made (exit {code})\n")


def settle_exit(place: RunDirectory, ending: Ending, verdict: ExitCode | None) -> ExitCode:
    """Return the session's exit code and leave it in metadata.json, as far as that can be written."""
    code = worst_exit([ending.exit_code] if verdict is None else [ending.exit_code, verdict])
    try:
        document = read_metadata(place.metadata)
        document["exit_code"] = int(code)
        write_metadata(place.metadata, document)
    except (MetadataError, OSError) as error:
        sys.stderr.write(f"loadgen: metadata.json does not hold the last exit code: {error}\n")
    return code


def worth_a_report(ending: Ending) -> bool:
    """Say whether a production report is made: not for a run that failed by our own fault."""
    return ending.status is not Status.FAILED


def _place(plan: Plan, terms: Terms) -> RunDirectory:
    if terms.out is None:
        try:
            return RunDirectory.create(terms.results, plan.profile.value, utc_now())
        except OSError as error:
            raise LoadgenError(f"no run directory could be made below {terms.results}: {error.strerror}") from error
    try:
        if terms.resume:
            return RunDirectory(terms.out)
        terms.out.mkdir(parents=True, exist_ok=True)
        if any(terms.out.iterdir()):
            raise InputError([Problem("--out", str(terms.out), "is not empty: name a new directory")])
    except OSError as error:
        raise LoadgenError(f"{terms.out}: {error.strerror}") from error
    return RunDirectory(terms.out)


def _refuse_stop_file() -> None:
    if STOP_FILE.exists():
        remedy = "the stop file is there, so the run would end at once: remove it"
        raise InputError([Problem(str(STOP_FILE), None, remedy)])
