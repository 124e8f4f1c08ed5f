"""One step while it runs: its seconds as they close, and whether we ourselves were well."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loadgen.run.capacity.tally import second_of, together
from loadgen.run.summary import account
from loadgen.run.validity import Evidence, Validity, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.histogram import Histogram
    from loadgen.run.capacity.block import Second
    from loadgen.run.capacity.outcome import Broke
    from loadgen.run.merge import Row
    from loadgen.run.phases import PhaseTotals


class StepRows:
    """Takes the rows of a step, hands them on shifted to the run's own count of seconds, and keeps what is judged."""

    def __init__(self, takers: tuple[Callable[[Row], None], ...]) -> None:
        self.seconds: list[Second] = []
        self.shift = 0
        self.broke: tuple[Broke, ...] = ()
        self.lag: Histogram | None = None
        self._takers = takers
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<StepRows {len(self.seconds)} seconds{', cut' if self.broke else ''}>"

    def take(self, row: Row) -> None:
        """Take a closed second."""
        self.seconds.append(second_of(row))
        lag = together(row, "lag")
        if lag is not None and self.lag is not None:
            self.lag.add(lag)
        self.lag = self.lag or lag
        row.k += self.shift
        for take in self._takers:
            take(row)
        self._moved.set()

    def cut(self, broke: Broke) -> None:
        """The breaker tripped: nobody waits for more seconds."""
        self.broke = (*self.broke, broke)
        self._moved.set()

    async def until(self, count: int) -> bool:
        """Wait for so many seconds; return False when the step is cut before."""
        while len(self.seconds) < count and not self.broke:
            self._moved.clear()
            await self._moved.wait()
        return not self.broke


def unserved_in(ended: PhaseTotals) -> str:
    """Return how the requests of a step ended, the most first; empty where one was answered well or there was none."""
    totals = account(ended.totals)
    if totals["done"] or not totals["scheduled"]:
        return ""
    ways = sorted((totals["failed_by"] | totals["dropped_by"]).items(), key=lambda way: -way[1])
    return ", ".join(f"{label} {count}" for label, count in ways) or "none of them ended"


def step_validity(ended: PhaseTotals, rows: StepRows) -> Validity:
    """Judge the generator over one step."""
    totals = account(ended.totals)
    return judge(
        Evidence(
            scheduled=totals["scheduled"],
            sent=totals["sent"],
            unsent=totals["unsent"],
            dropped=totals["dropped_by"],
            lag_p99_ns=None if rows.lag is None else rows.lag.percentile(99),
            hosts=ended.hosts,
            missing_seconds=ended.missing_seconds,
            unmatched=ended.unmatched,
        )
    )
