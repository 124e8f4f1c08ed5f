"""How often the breaker stops a healthy service, and how soon a sick one: the real rules over simulated requests.

Model: request i is due at i / rate and ends a fixed time later; the breaker sees the counts of each half second,
a probe every five. Runs last two hours, as a production baseline does, so beginnings are judged as often as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from loadgen.core.messages import Probe
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.plan.model import BreakerLimits
from loadgen.run.breaker import Breaker, Trip

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

RUN_H = 2
STEP_NS = 500 * NS_PER_MS
PROBE_NS = 5 * NS_PER_S
TIMEOUT_S = 5.0
QUIET_S = 60
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Counts:
    """What the supervisor would report at each step: cumulative counts, and failures since the last success."""

    at_ns: NDArray[np.int64]
    scheduled: NDArray[np.int64]
    failures: NDArray[np.int64]
    trailing: NDArray[np.int64]


def observe(failing: NDArray[np.bool_], rate_per_s: float, delay_s: float, *, step_ns: int = STEP_NS) -> Counts:
    """Return the counts of requests, request i failing where the i-th flag is set, `delay_s` after it is due.

    >>> counts = observe(np.array([False, True, True, False]), 2.0, 0.0)
    >>> counts.scheduled.tolist(), counts.failures.tolist(), counts.trailing.tolist()
    ([2, 3, 4, 4], [1, 2, 2, 2], [1, 2, 0, 0])
    """
    total = len(failing)
    steps = max(1, int(total / rate_per_s * NS_PER_S) // step_ns)
    at_ns = np.arange(1, steps + 1, dtype=np.int64) * step_ns
    scheduled = np.minimum(total, np.floor(at_ns / NS_PER_S * rate_per_s) + 1).astype(np.int64)
    ended = np.clip(np.floor((at_ns / NS_PER_S - delay_s) * rate_per_s) + 1, 0, total).astype(np.int64)
    failed = np.concatenate(([0], np.cumsum(failing)))
    numbers = np.arange(1, total + 1)
    last_success = np.concatenate(([0], np.maximum.accumulate(np.where(failing, 0, numbers))))
    return Counts(at_ns, scheduled, failed[ended], ended - last_success[ended])


def first_trip(counts: Counts, rate_per_s: float, *, in_a_row: bool = True) -> Trip | None:
    """Drive the client's rules with counts; `in_a_row` False leaves failures in a row out of them."""
    breaker = Breaker(BreakerLimits(), rate_per_s=rate_per_s)
    take = breaker.client
    take(0, 0, 0, 0)
    trailing = counts.trailing if in_a_row else np.zeros_like(counts.trailing)
    columns = (counts.at_ns.tolist(), counts.scheduled.tolist(), counts.failures.tolist(), trailing.tolist())
    for at_ns, scheduled, failures, trailing_failures in zip(*columns, strict=True):
        if take(at_ns, scheduled, failures, trailing_failures) is not None:
            break
    return breaker.trip


def first_server_trip(counts: Counts, rate_per_s: float) -> Trip | None:
    """Drive the server's rules with the counts as probes would report them."""
    breaker = Breaker(BreakerLimits(), rate_per_s=rate_per_s)
    every = PROBE_NS // STEP_NS
    columns = (column[every - 1 :: every].tolist() for column in (counts.at_ns, counts.scheduled, counts.failures))
    for at_ns, requests, failures in zip(*columns, strict=True):
        probe = Probe(at_ns, 0, ok=True, requests=requests, errors_4xx=0.0, errors_5xx=failures, degraded=0.0)
        if breaker.probe(probe) is not None:
            break
    return breaker.trip


def false_trips(generator: np.random.Generator, hours: int, rate_per_s: float, share: float) -> dict[str, Any]:
    """Count trips over so many hours of independent failures at a share below the threshold."""
    runs = max(1, hours // RUN_H)
    client = server = 0
    for _ in range(runs):
        failing = generator.random(int(RUN_H * 3600 * rate_per_s)) < share
        counts = observe(failing, rate_per_s, 0.0)
        client += first_trip(counts, rate_per_s) is not None
        server += first_server_trip(counts, rate_per_s) is not None
    return {"hours": runs * RUN_H, "rate_per_s": rate_per_s, "share": share, "client": client, "server": server}


def detection(generator: np.random.Generator, runs: int, rate_per_s: float, share: float) -> dict[str, Any]:
    """Return how long after a quiet minute a share of failures is noticed by the client's input, in seconds."""
    quiet = np.zeros(int(QUIET_S * rate_per_s), dtype=bool)
    seconds: list[float] = []
    for _ in range(runs):
        sick = generator.random(int(600 * rate_per_s)) < share
        trip = first_trip(observe(np.concatenate((quiet, sick)), rate_per_s, 0.0), rate_per_s)
        seconds.append(float("inf") if trip is None else trip.at_ns / NS_PER_S - QUIET_S)
    p10, p50, p90 = (float(value) for value in np.percentile(seconds, (10, 50, 90), method="nearest"))
    return {"rate_per_s": rate_per_s, "share": share, "runs": runs, "p10_s": p10, "median_s": p50, "p90_s": p90}


def every_50th(rate_per_s: float, hours: int, delay_s: float) -> dict[str, Any]:
    """Count trips where exactly every 50th request fails, over every phase of the pattern."""
    numbers = np.arange(int(hours * 3600 * rate_per_s))
    trips = 0
    for phase in range(0, 50, 7):
        counts = observe(numbers % 50 == phase, rate_per_s, delay_s)
        trips += first_trip(counts, rate_per_s) is not None
        trips += first_server_trip(counts, rate_per_s) is not None
    return {"rate_per_s": rate_per_s, "hours": hours * 8, "delay_s": delay_s, "trips": trips}


def sudden_death(rate_per_s: float, delay_s: float, *, in_a_row: bool) -> dict[str, Any]:
    """Return how long after a quiet minute it is noticed that every request fails, each after `delay_s`."""
    flags = np.arange(int((QUIET_S + 120) * rate_per_s)) >= QUIET_S * rate_per_s
    trip = first_trip(observe(flags, rate_per_s, delay_s), rate_per_s, in_a_row=in_a_row)
    seconds = None if trip is None else trip.at_ns / NS_PER_S - QUIET_S
    return {"rate_per_s": rate_per_s, "fails_after_s": delay_s, "noticed_s": seconds, "rule": trip and trip.rule}


def measure_all(hours: int, runs: int, seed: int) -> dict[str, Any]:
    """Run the whole simulation and compare it with the bars of the design."""
    began = perf_counter()
    generator = np.random.default_rng(seed)
    healthy = [false_trips(generator, hours, 80.0, 0.01), false_trips(generator, hours, 10.0, 0.01)]
    sick = [detection(generator, runs, rate, share) for rate, share in ((80.0, 0.06), (80.0, 0.03), (10.0, 0.06))]
    regular = [every_50th(rate, 2, delay) for rate in (80.0, 84.0, 10.0, 0.5) for delay in (0.0, 0.4)]
    dead = [
        sudden_death(80.0, TIMEOUT_S, in_a_row=False),
        sudden_death(80.0, 0.0, in_a_row=True),
        sudden_death(0.5, TIMEOUT_S, in_a_row=True),
        sudden_death(0.5, 0.0, in_a_row=True),
    ]
    bars = {
        "at most one false trip of the client's input in 1,000 h at 1 % and 80/s": healthy[0]["client"] <= 1,
        "at most one false trip of the server's input in 1,000 h at 1 % and 80/s": healthy[0]["server"] <= 1,
        "6 % at 80/s within 10 s (median)": sick[0]["median_s"] <= 10,
        "3 % at 80/s within 20 s (median)": sick[1]["median_s"] <= 20,
        "6 % at 10/s within 20 s (median)": sick[2]["median_s"] <= 20,
        "every 50th request failing never trips": not any(item["trips"] for item in regular),
        "a hang of everything at 80/s within 15 s": _within(dead[0], 15),
        "every request failing at 0.5/s within 45 s, hanging or not": all(_within(item, 45) for item in dead[2:]),
    }
    return {
        "ok": all(bars.values()),
        "bars": bars,
        "seed": seed,
        "took_s": round(perf_counter() - began, 1),
        "false_trips": healthy,
        "detection": sick,
        "every_50th": regular,
        "everything_fails": dead,
    }


def _within(death: dict[str, Any], seconds: float) -> bool:
    return death["noticed_s"] is not None and bool(death["noticed_s"] <= seconds)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hours", type=int, default=1_000, help="hours of healthy load to simulate (default 1000)")
    parser.add_argument("--runs", type=int, default=1_000, help="onsets to simulate for each share (default 1000)")
    parser.add_argument("--seed", type=int, default=SEED)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    return measure_all(options.hours, options.runs, options.seed)


def render(figures: dict[str, Any]) -> str:
    """Return the bars and the figures behind them."""
    lines = [f"{'met ' if met else 'MISSED'} {bar}" for bar, met in figures["bars"].items()]
    lines += [
        f"{item['hours']} h at {item['share']:.0%} and {item['rate_per_s']:g}/s: "
        f"{item['client']} client trips, {item['server']} server trips"
        for item in figures["false_trips"]
    ]
    lines += [
        f"{item['share']:.0%} at {item['rate_per_s']:g}/s noticed after {item['median_s']:g} s "
        f"(p10 {item['p10_s']:g}, p90 {item['p90_s']:g})"
        for item in figures["detection"]
    ]
    return "\n".join(lines)
