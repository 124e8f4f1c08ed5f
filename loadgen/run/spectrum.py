"""The percentile distribution as HdrHistogram tools and wrk2 print it (.hgrm). Pure.

Values are milliseconds. Each line is a value, the share at or below it, how many values that are, and 1 / (1 - share);
shares come in five steps to each halving of the distance to 1, so the tail is as detailed as the middle.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.histogram import Histogram

TICKS_PER_HALF = 5
_HALVINGS = 40
_HEADER = f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}\n\n"


def hgrm_text(histogram: Histogram) -> str:
    """Return the file's text; an empty histogram gives the header and a footer of zeros."""
    total = histogram.total
    lines = [_HEADER]
    for share in _shares(total):
        value = histogram.max_ns if share >= 1 else histogram.percentile(float(100 * share))
        count = round(histogram.share_at_or_below(value) * total)
        tail = "" if share >= 1 else f" {float(1 / (1 - share)):14.2f}"
        lines.append(f"{value / NS_PER_MS:12.3f} {float(share):14.12f} {count:10d}{tail}\n")
        if count >= total > 0 and share < 1:
            lines.append(f"{value / NS_PER_MS:12.3f} {1:14.12f} {count:10d}\n")
            break
    mean, deviation = (histogram.mean_ns, histogram.stddev_ns) if total else (0.0, 0.0)
    lines.append(f"#[Mean    = {mean / NS_PER_MS:12.3f}, StdDeviation   = {deviation / NS_PER_MS:12.3f}]\n")
    lines.append(f"#[Max     = {histogram.max_ns / NS_PER_MS:12.3f}, Total count    = {total:12d}]\n")
    lines.append(f"#[Buckets = {_buckets(histogram):12d}, SubBuckets     = {2048:12d}]\n")
    return "".join(lines)


def _shares(total: int) -> Iterator[Fraction]:
    """Yield 0, then ever finer steps towards 1, and 1; nothing for an empty histogram.

    They are exact: floats that add up would pass 0.75 by a hair, and so give the value of the next rank.
    """
    for halving in range(_HALVINGS if total else 0):
        for tick in range(TICKS_PER_HALF):
            yield 1 - Fraction(2 * TICKS_PER_HALF - tick, 2 * TICKS_PER_HALF * 2**halving)
    if total:
        yield Fraction(1)


def _buckets(histogram: Histogram) -> int:
    return len(histogram.counts) // 1024 - 1
