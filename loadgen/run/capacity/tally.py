"""From closed seconds and rows of metrics.csv to blocks, and from blocks to the means of a step. Pure."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from loadgen.core.histogram import Histogram
from loadgen.core.metrics_csv import NA
from loadgen.core.outcome import OWN_FAULT_LABELS
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.capacity.block import Block, Second, merged
from loadgen.run.capacity.conditions import SERVER_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.run.merge import Row

SERVER_PREFIX = "server."


def second_of(row: Row) -> Second:
    """Return what the search needs of a second; reads the row's histograms."""
    own = sum(count for label, count in row.dropped.items() if label in OWN_FAULT_LABELS)
    return Second(
        scheduled=row.counts["scheduled"],
        sent=row.counts["sent"],
        done=row.counts["done"],
        failures=row.failed.total() + row.dropped.total() - own,
        open=sum(row.in_flight.values()) + sum(row.backlog.values()),
        own_faults=own,
        response=together(row, "response"),
    )


def together(row: Row, clock: str) -> Histogram | None:
    """Return the histogram of a clock over all workers; None when nothing ended."""
    found = [Histogram.decode(text) for text in row.histograms.get(clock, ())]
    if not found:
        return None
    found.sort(key=lambda histogram: len(histogram.counts))
    total = found.pop()
    for other in found:
        total.add(other)
    return total


def columns_of(row: Mapping[str, str]) -> dict[str, float]:
    """Return the columns of a row of metrics.csv that a condition may name and that have a value."""
    return {name: float(row[name]) for name in SERVER_COLUMNS if row.get(name, NA) != NA}


def means_of(blocks: Sequence[Block], offered_per_s: float) -> dict[str, float]:
    """Return the means of a step: rates, what was open, times in ms, and each column as `server.<name>`.

    `inside` is the number of requests being worked on or waiting, by Little's law: done per second x mean response.
    """
    seconds = [second for block in blocks for second in block.seconds]
    figures = {"offered_per_s": offered_per_s}
    if seconds:
        done_per_s = sum(second.done for second in seconds) / len(seconds)
        ended = sum(second.ended for second in seconds)
        figures |= {
            "judged_s": float(len(seconds)),
            "done_per_s": done_per_s,
            "open": fmean(second.open for second in seconds),
        }
        if ended:
            figures["error_rate"] = sum(second.failures for second in seconds) / ended
        response = merged(seconds)
        if response is not None and response.total:
            figures |= {
                "mean_ms": response.mean_ns / NS_PER_MS,
                "p50_ms": response.percentile(50) / NS_PER_MS,
                "p99_ms": response.percentile(99) / NS_PER_MS,
                "inside": done_per_s * response.mean_ns / NS_PER_S,
            }
    for name in SERVER_COLUMNS:
        values = [block.server[name] for block in blocks if name in block.server]
        if values:
            figures[SERVER_PREFIX + name] = fmean(values)
    return {name: float(f"{value:.8g}") for name, value in figures.items()}
