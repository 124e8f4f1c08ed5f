"""From settings and wishes to a capacity task: what may be searched where. Pure.

Law: every problem is found before anything is sent, and all are raised together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.errors import InputError, Problem
from loadgen.core.units import NS_PER_S, Rate, format_duration, parse_duration_ns, parse_rate
from loadgen.plan.model import Profile
from loadgen.plan.validate import is_loopback
from loadgen.run.capacity.block import LEAST_BLOCK_S
from loadgen.run.capacity.conditions import Figure, Side, parse_conditions
from loadgen.run.capacity.schedule import Lengths, first_rate, least_rate
from loadgen.run.capacity.search import SearchTerms
from loadgen.run.capacity.task import CapacityTask
from loadgen.run.document import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.config import Settings
    from loadgen.plan.model import Plan
    from loadgen.run.capacity.conditions import Condition

LOCAL_CEILING = "10000"
"""Where a search on this machine ends when no rate is given."""

_PRECISIONS = (0.005, 0.5)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line said beside the settings; texts as they were given, None where nothing was."""

    search: bool
    slo: Sequence[str] = ()
    start: str | None = None
    settle: str | None = None
    block: str | None = None
    hold: str | None = None
    precision: float = 0.03
    confirm_host: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """The wishes as values; what could not be read has its usual one."""

    conditions: tuple[Condition, ...]
    lengths: Lengths
    start: Rate | None


def problems_of(wishes: Wishes) -> list[Problem]:
    """Return what is wrong with the wishes by themselves, where there is no plan to hold them against."""
    problems: list[Problem] = []
    _read(wishes, wishes.slo, problems)
    return problems


def build_task(settings: Settings, plan: Plan, wishes: Wishes) -> CapacityTask:
    """Return the task; raise InputError with every problem."""
    problems: list[Problem] = []
    read = _read(wishes, list(wishes.slo) or _usual_conditions(settings), problems)
    conditions, lengths, start, ceiling = read.conditions, read.lengths, read.start, settings.rate
    problems += _places(settings, plan, wishes)
    if settings.no_breaker:
        problems.append(Problem("--no-breaker", None, "the breaker is always armed in a capacity run"))
    if plan.observation is None and any(condition.side is Side.SERVER for condition in conditions):
        problems.append(Problem("--slo", None, "the service's own figures need --metrics-url"))
    if plan.observation is None and settings.watched_redis is not None:
        name = "watch_redis" if settings.redis_url is None else "redis_url"
        problems.append(Problem(settings.label(name), None, "the observer watches it, which needs --metrics-url"))
    problems += _beyond_timeout(conditions, plan.load.limits.timeout_ns)
    if start is not None and start.per_s > ceiling.per_s:
        problems.append(Problem("--start", wishes.start, f"is above the rate that may be sent at most, {ceiling}"))
    if problems:
        raise InputError(problems)
    if wishes.search and start is None:
        start = first_rate(ceiling, conditions, lengths)
    least_per_s = 0.0 if start is None else least_rate(start, conditions)
    return CapacityTask(
        conditions=conditions,
        terms=SearchTerms(ceiling, start, wishes.precision, plan.profile is Profile.PRODUCTION, least_per_s),
        lengths=lengths,
        concurrency=plan.load.concurrency,
        workers=plan.load.workers,
        target=without_userinfo(plan.base_url),
        usual_per_s=settings.usual_rate.per_s,
    )


def load_of(plan: Plan, task: CapacityTask) -> Plan:
    """Return the plan with the load that preflight and metadata show: the ceiling, for as long as one step may take."""
    stage = replace(plan.load.stages[0], rate=task.terms.ceiling, duration_ns=task.lengths.hold_s * NS_PER_S)
    return replace(plan, load=replace(plan.load, stages=(stage,)))


def _read(wishes: Wishes, texts: Sequence[str], problems: list[Problem]) -> _Read:
    conditions: tuple[Condition, ...] = ()
    if texts:
        try:
            conditions = parse_conditions(list(texts))
        except InputError as error:
            problems += error.problems
    if not _PRECISIONS[0] <= wishes.precision <= _PRECISIONS[1]:
        problems.append(Problem("--precision", f"{wishes.precision:g}", "is between 0.005 and 0.5"))
    return _Read(conditions, _lengths(wishes, problems), _start(wishes, problems))


def _beyond_timeout(conditions: Sequence[Condition], timeout_ns: int) -> list[Problem]:
    """Name the limits that a request passes by being given up."""
    remedy = (
        f"a request given up after --timeout {format_duration(timeout_ns)} would pass: raise that or lower the limit"
    )
    times = (Figure.PERCENTILE, Figure.MEAN)
    slow = [one.text for one in conditions if one.figure in times and one.limit >= timeout_ns]
    return [Problem("--slo", text, remedy) for text in slow]


def _usual_conditions(settings: Settings) -> list[str]:
    slo = settings.slo
    return [f"p99<{format_duration(round(slo.p99_s * NS_PER_S))}", f"error_rate<{slo.error_pct:g}%"]


def _places(settings: Settings, plan: Plan, wishes: Wishes) -> list[Problem]:
    problems = []
    host = urlsplit(plan.base_url).hostname or ""
    if not is_loopback(host) and not settings.given_for_this_run("rate"):
        problems.append(
            Problem("--rate", None, f"missing: {host} is not this machine, so say what may be sent at most")
        )
    if plan.profile is Profile.PRODUCTION and wishes.confirm_host != host:
        remedy = f"production needs --confirm-host {host}: a capacity run takes the service to its limit"
        problems.append(Problem("--confirm-host", wishes.confirm_host, remedy))
    return problems


def _lengths(wishes: Wishes, problems: list[Problem]) -> Lengths:
    usual = Lengths()
    return Lengths(
        settle_s=_seconds("--settle", wishes.settle, usual.settle_s, 0, problems),
        block_s=_seconds("--block", wishes.block, usual.block_s, LEAST_BLOCK_S, problems),
        hold_s=_seconds("--hold", wishes.hold, usual.hold_s, LEAST_BLOCK_S, problems),
    )


def _seconds(key: str, text: str | None, usual: int, least: int, problems: list[Problem]) -> int:
    if text is None:
        return usual
    try:
        seconds = -(-parse_duration_ns(text) // NS_PER_S)
    except ValueError as error:
        problems.append(Problem(key, text, str(error)))
        return usual
    if seconds < least:
        problems.append(Problem(key, text, f"at least {least}s"))
    return seconds


def _start(wishes: Wishes, problems: list[Problem]) -> Rate | None:
    if wishes.start is None:
        return None
    if not wishes.search:
        problems.append(Problem("--start", wishes.start, "belongs to --search"))
    try:
        return parse_rate(wishes.start)
    except ValueError as error:
        problems.append(Problem("--start", wishes.start, str(error)))
        return None
