"""Was it the generator that we measured? VALID, DEGRADED or INVALID, with reasons; TARGET-LIMITED apart.

Laws: pure; judged by our own lag, loop stalls, processor time, ports and descriptors only, never by how the target
did; every limit stands in `LIMITS` with its reason; a shortfall while all connections are busy is the target's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from loadgen.core.outcome import OWN_FAULT_LABELS, Outcome
from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class State(IntEnum):
    """The worse, the higher."""

    VALID = 0
    DEGRADED = 1
    INVALID = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """Above `degraded` a figure makes the run DEGRADED, above `invalid` INVALID (None: never)."""

    degraded: float
    invalid: float | None
    reason: str


LIMITS = {
    "lag_p99_ns": Limit(10 * NS_PER_MS, 100 * NS_PER_MS, "own lag is part of the response time that is judged"),
    "stall_max_ns": Limit(500 * NS_PER_MS, 5 * NS_PER_S, "while the loop stands still nothing is sent or timed"),
    "cpu_share": Limit(0.85, 0.97, "a busy worker sends late and stamps answers late"),
    "throttled_share": Limit(0.01, 0.10, "the cgroup took the processor away"),
    "overloaded_share": Limit(0.05, 0.20, "requests waited for a worker that never rested, not for the target"),
    "gc_max_ns": Limit(50 * NS_PER_MS, NS_PER_S, "while the collector runs nothing is sent or timed"),
    "gc_share": Limit(0.02, 0.10, "what the collector takes is taken from pacing and timing"),
    "descriptor_share": Limit(0.90, None, "near the limit connections fail on our side"),
    "port_share": Limit(
        0.90, None, "near the limit connections fail on our side: a closed one keeps its port a minute"
    ),
    "own_fault_share": Limit(0.0, 0.01, "requests that ended by our own fault were not measured"),
    "suspended_ns": Limit(0.0, None, "the host slept during the run; the missed schedule was dropped"),
    "missing_seconds": Limit(0.0, 2.0, "seconds of the load that a worker did not account for"),
    "lost_accounts": Limit(0.0, None, "the workers' own accounts from before a gap are lost"),
    "little_share": Limit(0.50, None, "requests in flight differ from throughput times service time: a count is wrong"),
    "unmatched_counts": Limit(0.0, 0.0, "a worker's final differs from the sum of its intervals"),
}
"""The documented limits. A run that is INVALID cannot be GO and cannot become a baseline."""

LITTLE_SLACK = 1.0
"""Requests in flight by which one worker's looks may differ from Little's law without meaning anything: looks are 5 to
20 ms apart, and where arrivals come in step with them they see the same instant of the pattern again and again."""

TARGET_LIMITED_SHARE = 0.01
"""TARGET-LIMITED: more than this share of the schedule was not sent in its time, because connections were busy."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the judgement rests on; `hosts` are the workers' own accounts (messages.Final.host).

    `sent_in_time` of the `scheduled` requests left before the schedule ended, not in the drain; None while it runs.
    `service_ns` is the sum of all service times of these hosts, None where no complete account of them is there.
    A run that was interrupted and resumed has its own word about the part `before` (`Validity.to_body`), or has lost
    it with its workers.
    """

    scheduled: int = 0
    sent: int = 0
    unsent: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    lag_p99_ns: int | None = None
    wait_p99_ns: int | None = None
    sent_in_time: int | None = None
    hosts: Sequence[Mapping[str, Any]] = ()
    missing_seconds: int = 0
    unmatched: Sequence[str] = ()
    service_ns: float | None = None
    before: Mapping[str, Any] | None = None
    lost_accounts: int = 0


@dataclass(frozen=True, slots=True)
class Validity:
    """The judgement; `figures` are the numbers behind it, by the names of `LIMITS`."""

    state: State
    reasons: tuple[str, ...]
    target_limited: bool
    figures: Mapping[str, float]

    def to_body(self) -> dict[str, Any]:
        """Return what stands in metadata.json."""
        return {
            "state": self.state.name,
            "reasons": list(self.reasons),
            "target_limited": self.target_limited,
            "figures": dict(self.figures),
            "limits": {
                name: {"degraded": limit.degraded, "invalid": limit.invalid, "because": limit.reason}
                for name, limit in LIMITS.items()
            },
        }

    def __str__(self) -> str:
        limited = ", TARGET-LIMITED" if self.target_limited else ""
        return f"{self.state.name}{limited}" + (f" ({self.reasons[0]})" if self.reasons else "")


def judge(evidence: Evidence) -> Validity:
    """Compare every figure with its limit; the state is the worst one."""
    figures = _figures(evidence)
    state = State.VALID
    reasons: list[tuple[State, str]] = []
    for name, value in figures.items():
        worse = _state(LIMITS[name], value)
        if worse is not State.VALID:
            reasons.append((worse, _sentence(name, value, worse)))
            state = max(state, worse)
    reasons.sort(key=lambda item: -item[0])
    if evidence.before is not None:
        state = max(state, State[evidence.before["state"]])
        reasons += [(state, f"before the gap: {text}") for text in evidence.before["reasons"]]
    texts = (*(text for _, text in reasons), *evidence.unmatched[:5])
    return Validity(state, texts, _target_limited(evidence, figures), figures)


def of_steps(whole: Validity, steps: Sequence[Validity]) -> Validity:
    """Return the judgement of a run made of steps, `whole` being that of everything that was sent.

    Steps that were INVALID were run again and nothing rests on them: the run is DEGRADED, says so, and is judged by the
    others; it is never INVALID by what only adds up over good steps. Where the last step was INVALID, nothing made it
    good, and the whole run stands as it is.
    """
    counted = [step for step in steps if step.state is not State.INVALID]
    again = [step for step in steps if step.state is State.INVALID]
    if not steps or steps[-1].state is State.INVALID:
        return whole
    if not again:
        return replace(whole, state=min(whole.state, State.DEGRADED))
    reasons = dict.fromkeys(reason for step in counted for reason in step.reasons)
    word = "step was" if len(again) == 1 else "steps were"
    note = f"{len(again)} {word} run again, because the generator was not well: {again[0].reasons[0]}"
    figures = {name: max(step.figures.get(name, 0.0) for step in counted) for name in counted[0].figures}
    return Validity(State.DEGRADED, (note, *reasons), whole.target_limited, figures)


def _state(limit: Limit, value: float) -> State:
    if limit.invalid is not None and value > limit.invalid:
        return State.INVALID
    return State.DEGRADED if value > limit.degraded else State.VALID


def _figures(evidence: Evidence) -> dict[str, float]:
    own = sum(count for label, count in evidence.dropped.items() if label in OWN_FAULT_LABELS)
    figures: dict[str, float] = {} if evidence.lag_p99_ns is None else {"lag_p99_ns": evidence.lag_p99_ns}
    figures.update(_host_figures(evidence.hosts))
    if evidence.service_ns is not None and evidence.hosts and all("in_flight_ns" in host for host in evidence.hosts):
        figures["little_share"] = _little(evidence.hosts, evidence.service_ns)
    figures["own_fault_share"] = own / evidence.scheduled if evidence.scheduled else 0.0
    figures["missing_seconds"] = evidence.missing_seconds
    figures["lost_accounts"] = evidence.lost_accounts
    figures["unmatched_counts"] = len(evidence.unmatched)
    return figures


def _host_figures(hosts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield the worst worker's figure for each limit that the workers report on."""
    if not hosts:
        return
    yield "stall_max_ns", max(host.get("stall_max_ns") or 0 for host in hosts)
    yield "cpu_share", max(_share(host, "cpu_ns", "wall_ns") for host in hosts)
    yield "throttled_share", max(_share(host, "throttled_ns", "wall_ns") for host in hosts)
    yield "overloaded_share", max(_share(host, "overloaded_ns", "wall_ns") for host in hosts)
    yield "gc_max_ns", max(host.get("gc_max_ns") or 0 for host in hosts)
    yield "gc_share", max(_share(host, "gc_ns", "wall_ns") for host in hosts)
    yield "descriptor_share", max(_share(host, "descriptors", "descriptor_limit") for host in hosts)
    yield "port_share", max(_share(host, "ports", "port_limit") for host in hosts)
    yield "suspended_ns", max(host.get("suspended_ns") or 0 for host in hosts)


def _little(hosts: Sequence[Mapping[str, Any]], service_ns: float) -> float:
    """Return by how much the requests seen in flight differ from throughput x mean service time, beyond the slack.

    Both are taken times the length of the run: the sum of all service times is what Little's law says, the looks at
    the connections are what was there. The difference is told as a share of the larger of the two.
    """
    seen_ns = sum(host.get("in_flight_ns") or 0 for host in hosts)
    slack_ns = LITTLE_SLACK * sum(host.get("wall_ns") or 0 for host in hosts)
    larger_ns = max(seen_ns, service_ns)
    beyond_ns = max(0.0, abs(seen_ns - service_ns) - slack_ns)
    return round(beyond_ns / larger_ns, 4) if larger_ns else 0.0


def _share(host: Mapping[str, Any], part: str, whole: str) -> float:
    bottom = host.get(whole) or 0
    return round((host.get(part) or 0) / bottom, 4) if bottom > 0 else 0.0


def _sentence(name: str, value: float, state: State) -> str:
    limit = LIMITS[name].invalid if state is State.INVALID else LIMITS[name].degraded
    words = name.removesuffix("_ns").removesuffix("_share").replace("_", " ")
    return f"{words} {_quantity(name, value)}, limit {_quantity(name, limit or 0.0)}: {LIMITS[name].reason}"


def _quantity(name: str, value: float) -> str:
    if name.endswith("_ns"):
        rounded = round(value / 10_000) * 10_000
        return format_duration(int(rounded))
    if name.endswith("_share"):
        return f"{100 * value:.3g} %"
    return f"{value:g}"


def _target_limited(evidence: Evidence, figures: Mapping[str, float]) -> bool:
    """Say whether the target set the pace; where the generator itself was at its limit nobody can tell."""
    if not evidence.scheduled or _state(LIMITS["overloaded_share"], figures.get("overloaded_share", 0.0)) > State.VALID:
        return False
    missing = evidence.unsent + evidence.dropped.get(Outcome.DROPPED_LATE.label, 0)
    if evidence.sent_in_time is not None and (evidence.wait_p99_ns or 0) > (evidence.lag_p99_ns or 0):
        missing = max(missing, evidence.scheduled - evidence.sent_in_time)
    return missing / evidence.scheduled > TARGET_LIMITED_SHARE
