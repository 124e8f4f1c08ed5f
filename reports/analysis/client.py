"""The client's own figures: latency from the merged HDR counts, and the account of every scheduled request.

Laws: the judged latency is the response time (done - due) of all requests, timeouts and drops included; endings that
are our own host's fault count neither for nor against the target.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.histogram import least_values
from loadgen.core.messages import CLOCKS, PHASES
from loadgen.core.outcome import EXPECT_PREFIX, OWN_FAULT_LABELS, Outcome
from loadgen.core.units import NS_PER_MS, NS_PER_S
from reports.analysis.check import Check, Goal, RowStats, Status, Weight, judge
from reports.analysis.coverage import OBSERVATION
from reports.analysis.quantity import Unit, count

if TYPE_CHECKING:
    from loadgen.core.histogram import Histogram
    from loadgen.core.slo import SloTargets
    from reports.model.client import Account, Client
    from reports.model.run import Run

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
CONFIDENCE = 0.99
_MEANING = {
    "response": "due → complete, every request (judged)",
    "response_ok": "due → complete, successes only",
    "service": "sent → complete, the service's part",
    "lag": "the generator's own lateness",
    "wait": "waiting for a free connection",
    "connect": "opening a connection, a proxy's tunnel included",
    "tls": "the TLS handshake of a connection",
    "first_byte": "sent → first byte of the answer",
    "transfer": "first byte → complete; 0 where one read had it all",
}
_SAME_SHARE = 0.002
_SAME_MS = 0.01


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One line of the client's latency table: percentiles in s in the order of PERCENTILES, then the maximum.

    A percentile with fewer values than 10 / (1 - q) is None. `intervals_s` are the 99 % intervals of the others.
    """

    clock: str
    meaning: str
    count: int
    percentiles_s: tuple[float | None, ...]
    maximum_s: float
    out_of_range: int
    intervals_s: tuple[tuple[float, float] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How many requests ended in one way; `share_pct` is of all that ended."""

    label: str
    text: str
    count: int
    share_pct: float
    ours: bool


@dataclass(frozen=True, slots=True)
class ClientErrors:
    """Client-side success over `judged` endings (own faults left out); `ours` is what was left out."""

    judged: int
    successes: int
    failures: int
    ours: int

    @property
    def success_pct(self) -> float | None:
        return self.successes / self.judged * 100 if self.judged > 0 else None

    @property
    def error_pct(self) -> float | None:
        return self.failures / self.judged * 100 if self.judged > 0 else None


def clock_table(client: Client) -> tuple[ClockLine, ...]:
    """Return one line per clock and phase that has values or misses; empty without a latency log."""
    return tuple(
        _line(clock, histogram, client.out_of_range.get(clock, 0))
        for clock in (*CLOCKS, *PHASES)
        if (histogram := client.clocks.get(clock)) is not None
    )


def _line(clock: str, histogram: Histogram, out_of_range: int) -> ClockLine:
    total = histogram.total
    enough = [total >= least_values(q) for q in PERCENTILES]
    known = list(zip(PERCENTILES, enough, strict=True))
    percentiles = tuple(histogram.percentile(q) / NS_PER_S if shown else None for q, shown in known)
    intervals = tuple(_interval_s(histogram, q) if shown else None for q, shown in known)
    maximum = histogram.max_ns / NS_PER_S
    return ClockLine(clock, _MEANING[clock], total, percentiles, maximum, out_of_range, intervals)


def _interval_s(histogram: Histogram, q: float) -> tuple[float, float]:
    low, high = histogram.percentile_interval(q, CONFIDENCE)
    return low / NS_PER_S, high / NS_PER_S


def errors_of(account: Account | None) -> ClientErrors | None:
    """Split the endings into successes, failures and our own faults; None without an account."""
    if account is None:
        return None
    ours = sum(number for label, number in account.outcomes.items() if label in OWN_FAULT_LABELS)
    failures = account.failed + account.dropped - ours
    return ClientErrors(account.done + failures, account.done, failures, ours)


def endings(account: Account | None) -> tuple[Ending, ...]:
    """Return every way requests ended, most frequent first."""
    if account is None or account.ended <= 0:
        return ()
    found = [
        Ending(
            label,
            _meaning(label),
            number,
            number / account.ended * 100,
            label in OWN_FAULT_LABELS,
        )
        for label, number in account.outcomes.items()
        if number
    ]
    return tuple(sorted(found, key=lambda ending: (-ending.count, ending.label)))


def _meaning(label: str) -> str:
    """Return the sentence of an ending; the expectations of a plan share one."""
    known = {outcome.label: outcome.text for outcome in Outcome}
    if label.startswith(EXPECT_PREFIX):
        label = Outcome.EXPECTATION.label
    return known.get(label, "an ending this version does not know")


def judge_client_rates(run: Run, targets: SloTargets) -> tuple[Check, Check]:
    """Judge success and error rate as the client counted them; without an account both are NA."""
    errors = errors_of(run.client.account)
    success = judge(
        "success_client",
        "Success rate (client)",
        Weight.MANDATORY,
        errors.success_pct if errors else None,
        Goal(targets.success_pct, False, Unit.PERCENT),
        absent="the account of requests is missing or empty",
    )
    error = judge(
        "error_client",
        "Error rate (client)",
        Weight.MANDATORY,
        errors.error_pct if errors else None,
        Goal(targets.error_pct, True, Unit.PERCENT),
        absent="the account of requests is missing or empty",
    )
    return success, error


def judge_client_percentile(name: str, run: Run, bound_s: float) -> Check:
    """Judge P95 or P99 of the response time; NA without values or with a value beyond the histogram's range."""
    key, title = f"{name}_client", f"{name.upper()} latency, client response"
    goal = Goal(bound_s, True, Unit.SECONDS)
    histogram = run.client.clocks.get("response")
    if histogram is None or not histogram.total:
        return Check(key, title, Status.NA, Weight.MANDATORY, "latency.hlog has no response times", None, goal)
    quantile = float(name.removeprefix("p"))
    value = percentile_s(histogram, quantile, run.client.out_of_range.get("response", 0))
    rows = RowStats.of(percentile_s(part, quantile, 0) for part in run.client.intervals if part.total)
    return judge(key, title, Weight.MANDATORY, value, goal).with_rows(rows)


def percentile_s(histogram: Histogram, quantile: float, beyond: int) -> float:
    """Return a percentile in s over the histogram's values and `beyond` more above its range (infinite there)."""
    total = histogram.total + beyond
    inside = quantile * total / histogram.total
    return float("inf") if inside > 100 else histogram.percentile(inside) / NS_PER_S


def evenness(client: Client) -> tuple[str, float] | None:
    """Return what says how evenly requests left, and its variation in %: the gaps between them, else the seconds."""
    if client.gap_cv is not None:
        return "The gaps between requests", client.gap_cv * 100
    return None if client.second_cv is None else ("Requests sent per second", client.second_cv * 100)


def judge_account(run: Run) -> Check:
    """Check that every scheduled request is accounted for, and that latency log and seconds hold as many."""
    title = "Account of requests"
    account = run.client.account
    if account is None:
        sent_nothing = run.parameters.kind == OBSERVATION
        reason = "an observation sends nothing" if sent_nothing else "there is no account of requests"
        return Check("account", title, Status.NA, Weight.MANDATORY, reason)
    wrong = [*_imbalances(account), *_log_differences(run.client, account), *_differing_seconds(run.client, account)]
    if wrong:
        return Check("account", title, Status.NA, Weight.MANDATORY, "; ".join(wrong))
    scheduled = f"{count(account.scheduled)} scheduled = {count(account.sent)} sent + {count(account.unsent)} unsent"
    sent = f"sent = {count(account.done)} done + {count(account.failed)} failed + {count(account.in_flight)} in flight"
    text = f"{scheduled} + {count(account.dropped)} dropped; {sent}"
    return Check("account", title, Status.PASS, Weight.MANDATORY, text)


def _imbalances(account: Account) -> list[str]:
    wrong = []
    if min(account.scheduled, account.sent, account.unsent, account.dropped, account.done, account.failed) < 0:
        wrong.append("it holds negative counts")
    parts = account.sent + account.unsent + account.dropped
    if parts != account.scheduled:
        wrong.append(f"{count(account.scheduled)} scheduled, but sent + unsent + dropped = {count(parts)}")
    ends = account.done + account.failed + account.in_flight
    if ends != account.sent:
        wrong.append(f"{count(account.sent)} sent, but done + failed + in flight = {count(ends)}")
    return wrong


def _differing_seconds(client: Client, account: Account) -> list[str]:
    """Return where load-stats.csv is not the course of this account: seconds left out, doubled or edited.

    Seconds in which nothing was measured, as between the steps of a capacity search, need not be in it.
    """
    seconds = client.by_second
    if not seconds:
        return []
    twice = sorted(at for at, times in Counter(second.at for second in seconds).items() if times > 1)
    wrong = [f"load-stats.csv holds second {twice[0]} twice"] if twice else []
    whole = {
        "scheduled": (account.scheduled, sum(second.due for second in seconds)),
        "sent": (account.sent, sum(second.sent for second in seconds)),
        "done": (account.done, sum(second.done for second in seconds)),
        "failed": (account.failed, sum(second.failed for second in seconds)),
        "dropped": (account.dropped, sum(second.dropped for second in seconds)),
    }
    parts = [f"{count(found)} {name} of {count(told)}" for name, (told, found) in whole.items() if found != told]
    return [*wrong, *([f"the seconds of load-stats.csv hold {', '.join(parts)}"] if parts else [])]


def _logged(client: Client, clock: str) -> int:
    histogram = client.clocks.get(clock)
    return (0 if histogram is None else histogram.total) + client.out_of_range.get(clock, 0)


def _missing_values(client: Client, account: Account) -> list[str]:
    """Return the clocks with fewer values than there were answers: a log that was cut between two of its lines."""
    least = {"response_ok": account.done, **dict.fromkeys(("service", "lag", "wait"), account.done + account.failed)}
    return [
        f"latency.hlog holds {count(logged)} values of {clock}, the account has {count(answers)} answers"
        for clock, answers in least.items()
        if (logged := _logged(client, clock)) < answers
    ]


def _log_differences(client: Client, account: Account) -> list[str]:
    histogram = client.clocks.get("response")
    if histogram is None:
        return ["latency.hlog has no response times to compare it with"]
    wrong = []
    logged = _logged(client, "response")
    # what was still open at the end may be in the log too, at no less than it had waited
    if not account.ended <= logged <= account.ended + account.in_flight + account.unsent:
        wrong.append(f"latency.hlog holds {count(logged)} response times, the account has {count(account.ended)}")
    else:
        wrong += _missing_values(client, account)
    claimed = client.claimed_ms.get("response", {})
    for name, value in sorted(claimed.items()):
        own = histogram.percentile(float(name.removeprefix("p"))) / NS_PER_MS
        if abs(own - value) > max(_SAME_MS, _SAME_SHARE * max(own, value)):
            wrong.append(f"summary.json says {name} = {value:.3f} ms, latency.hlog {own:.3f} ms")
    return wrong
