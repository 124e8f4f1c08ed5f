"""Simulated services with known knees: what a load of some rate would have seen, second by second."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_S
from loadgen.run.capacity.block import Block, Second
from loadgen.run.capacity.findings import State
from loadgen.run.capacity.outcome import Broke, Outcome, Purpose, Result
from loadgen.run.capacity.schedule import Lengths, step_terms, trouble_in
from loadgen.run.capacity.search import Move, SearchTerms, next_move
from loadgen.run.capacity.step import StepJudge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadgen.core.units import Rate
    from loadgen.run.capacity.answer import Answer
    from loadgen.run.capacity.conditions import Condition

_RANGE_NS = 60 * NS_PER_S


@dataclass
class Service:
    """A queue with `servers` servers; `service_s` draws the time one request takes at a moment of the step.

    `poisson` arrivals are as of many users, else they come at exact distances. Beyond `queue` waiting, a request fails
    at once; `failing` is the share of the others that fail at the end of their service.
    """

    servers: int
    service_s: Callable[[Random, float], float]
    poisson: bool = False
    queue: float = float("inf")
    failing: float = 0.0
    server_columns: Callable[[float], dict[str, float]] = field(default=lambda rate: {})

    def seconds(self, rate_per_s: float, length_s: int, rng: Random) -> Iterator[Second]:
        """Yield the seconds of a step from an idle service on."""
        free = [0.0] * self.servers
        arrivals: list[float] = []
        endings: list[tuple[float, float, bool]] = []
        at = 0.0
        starts: list[float] = []
        while True:
            at += rng.expovariate(rate_per_s) if self.poisson else 1 / rate_per_s
            if at >= length_s:
                break
            arrivals.append(at)
            while starts and starts[0] <= at:
                heapq.heappop(starts)
            if len(starts) >= self.queue:
                endings.append((at, 0.0001, False))
                continue
            begin = max(at, heapq.heappop(free))
            if begin > at:
                heapq.heappush(starts, begin)
            end = begin + self.service_s(rng, at)
            heapq.heappush(free, end)
            endings.append((end, end - at, self.failing == 0 or rng.random() >= self.failing))
        yield from _grouped(arrivals, endings, length_s)


def _grouped(arrivals: list[float], endings: list[tuple[float, float, bool]], length_s: int) -> Iterator[Second]:
    due = np.bincount(np.array(arrivals, np.float64).astype(np.int64), minlength=length_s)
    ends = np.array([end for end, _, _ in endings])
    times = (np.array([time for _, time, _ in endings]) * NS_PER_S).astype(np.int64)
    good = np.array([ok for _, _, ok in endings])
    when = ends.astype(np.int64)
    open_now = 0
    for second in range(length_s):
        here = when == second
        histogram = Histogram(_RANGE_NS)
        histogram.record_many(times[here])
        done = int((here & good).sum())
        failures = int(here.sum()) - done
        open_now += int(due[second]) - done - failures
        yield Second(int(due[second]), int(due[second]), done, failures, open_now, response=histogram)


@dataclass
class Climb:
    """A whole search against a simulated service; `trip_share` of failures in a block trips the breaker."""

    service: Service
    conditions: tuple[Condition, ...]
    terms: SearchTerms
    seed: int
    trip_share: float = 1.1
    recovers_after: int = 0

    def run(self) -> tuple[Answer, list[Outcome]]:
        """Return the answer and every step; `run_s` in the figures is the time that the step took."""
        rng = Random(self.seed)
        outcomes: list[Outcome] = []
        while isinstance(move := next_move(self.terms, outcomes), Move):
            outcomes.append(self._step(len(outcomes) + 1, move, rng, outcomes))
        return move, outcomes

    def _step(self, number: int, move: Move, rng: Random, before: list[Outcome]) -> Outcome:
        terms = step_terms(move.rate, move.purpose, self.conditions, Lengths())
        seconds = list(self.service.seconds(move.rate.per_s, terms.longest_s, rng))[terms.settle_s :]
        judge = StepJudge(self.conditions, terms)
        columns = self.service.server_columns(move.rate.per_s)
        for begin in range(0, len(seconds), terms.block_s):
            block = Block(tuple(seconds[begin : begin + terms.block_s]), columns)
            used = {"run_s": float(terms.settle_s + begin + terms.block_s)}
            share = sum(one.failures for one in block.seconds) / max(1, sum(one.ended for one in block.seconds))
            if share > self.trip_share:
                return Outcome(number, move.rate, move.purpose, Result.TRIPPED, figures=used)
            if move.purpose is Purpose.RECOVER:
                return self._recovery(number, move.rate, block, before)
            standing = judge.look(block)
            if standing.state is not State.OPEN:
                result = {State.HOLDS: Result.HELD, State.FAILS: Result.FAILED, State.UNKNOWN: Result.UNKNOWN}
                broke = tuple(Broke(one.condition, one.side.value, str(one)) for one in standing.broken)
                return Outcome(
                    number, move.rate, move.purpose, result[standing.state], standing.clear, broke, figures=used
                )
        raise AssertionError("the last look left the step open")

    def _recovery(self, number: int, rate: Rate, block: Block, before: list[Outcome]) -> Outcome:
        tries = sum(one.purpose is Purpose.RECOVER for one in before)
        well = not trouble_in(block, self.conditions) and tries >= self.recovers_after
        return Outcome(number, rate, Purpose.RECOVER, Result.HELD if well else Result.FAILED)
