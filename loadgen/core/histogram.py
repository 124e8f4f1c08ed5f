"""Latency histograms in nanoseconds with the HdrHistogram layout, worked on through numpy.

Laws: every histogram has 3 significant digits from 512 ns up, so that index and value correspond in the same way
whatever the range is; a percentile is the value at the ceiling rank, as in the Java original; a value above the range
is never recorded silently, the caller gets it counted.
"""

from __future__ import annotations

import binascii
import math
import weakref
import zlib
from statistics import NormalDist
from typing import TYPE_CHECKING, cast

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Int64s = NDArray[np.int64]

LOWEST_NS = 1_000
DIGITS = 3
_UNIT_MAGNITUDE = 9  # floor(log2(LOWEST_NS)): the first bucket counts in steps of 512 ns
_SUB_BUCKETS = 2_048  # the power of two above 2 x 10**DIGITS
_HALF = _SUB_BUCKETS // 2
_LINEAR_BITS = _UNIT_MAGNITUDE + 11  # values of so many bits lie in the first bucket
_EXPECTED_BEYOND = 10
_LEAST_RANGE_NS = 60_000_000_000


def histogram_max_ns(timeout_ns: int) -> int:
    """Return the range every latency histogram of a run has: ten times the timeout, at least one minute."""
    return max(10 * timeout_ns, _LEAST_RANGE_NS)


def least_values(q: float) -> int:
    """Return how many values a percentile needs to be shown as one: ten expected beyond it, 10 / (1 - q).

    >>> [least_values(q) for q in (50, 99, 99.9)]
    [20, 1000, 10000]
    """
    return 1 if q >= 100 else math.ceil(round(_EXPECTED_BEYOND * 100 / (100 - q), 6))


def slots_for(max_ns: int) -> int:
    """Return how many counts a histogram up to `max_ns` has."""
    buckets = max(1, max_ns.bit_length() - _LINEAR_BITS + 1)
    return (buckets + 1) * _HALF


def slot_of(values_ns: Int64s) -> Int64s:
    """Return the index of the count each value belongs to; negative values count as 0. No bound is checked."""
    values = np.maximum(values_ns, 0)
    # frexp gives the bit length; it is exact below 2**53 ns, which is 104 days
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    buckets: Int64s = np.maximum(bits - _LINEAR_BITS, 0)
    slots: Int64s = (buckets << 10) + (values >> (buckets + _UNIT_MAGNITUDE))
    return slots


def lowest_in_slot(slot: int) -> int:
    """Return the lowest value, in ns, that a slot counts."""
    bucket = max((slot >> 10) - 1, 0)
    return (slot - (bucket << 10)) << (bucket + _UNIT_MAGNITUDE)


def highest_in_slot(slot: int) -> int:
    """Return the highest value, in ns, that a slot counts."""
    return lowest_in_slot(slot + 1) - 1


class Histogram:
    """Counts of latencies up to `max_ns`; `counts` is a writable view of what `encode` writes.

    Values below 512 ns share the lowest slot. All figures are derived from the counts, so they keep three digits and
    stay right when counts are written directly.
    """

    def __init__(self, max_ns: int) -> None:
        if max_ns < 2 * LOWEST_NS:
            raise ValueError(f"a histogram must reach at least {2 * LOWEST_NS} ns, not {max_ns}")
        self._adopt(HdrHistogram(LOWEST_NS, max_ns, DIGITS))

    def _adopt(self, inner: HdrHistogram) -> None:
        self._inner = inner
        # encoder and histogram hold each other: without this the 270 kB of each wait for the cycle collector
        inner.encoder.histogram = weakref.proxy(inner)
        self.counts: Int64s = np.frombuffer(inner.counts, np.int64)

    @property
    def range_ns(self) -> int:
        """The highest value that can be recorded: the end of the last slot, not less than the range asked for."""
        return highest_in_slot(len(self.counts) - 1)

    def record(self, value_ns: int, count: int = 1) -> bool:
        """Count one value `count` times; return False, recording nothing, when it lies above the range."""
        slot = int(slot_of(np.array([value_ns], np.int64))[0])
        if slot >= len(self.counts):
            return False
        self.counts[slot] += count
        return True

    def record_many(self, values_ns: Int64s) -> int:
        """Count every value; return how many lay above the range and were not recorded."""
        slots = slot_of(values_ns)
        fitting = slots[slots < len(self.counts)]
        np.add.at(self.counts, fitting, 1)
        return len(slots) - len(fitting)

    def add(self, other: Histogram) -> None:
        """Add the counts of another histogram, of any range; raise ValueError when they do not fit into this one."""
        shared = min(len(self.counts), len(other.counts))
        if other.counts[shared:].any():
            raise ValueError(f"values up to {other.max_ns} ns do not fit into a histogram up to {self.range_ns} ns")
        self.counts[:shared] += other.counts[:shared]

    def clear(self) -> None:
        """Set every count to 0."""
        self.counts[:] = 0

    def copy(self) -> Histogram:
        """Return an independent histogram of the same range and counts."""
        twin = Histogram(int(self._inner.highest_trackable_value))
        twin.counts[:] = self.counts
        return twin

    @property
    def total(self) -> int:
        """How many values are counted."""
        return int(self.counts.sum())

    @property
    def min_ns(self) -> int:
        """The lower edge of the lowest value's slot; 0 when empty."""
        used = np.flatnonzero(self.counts)
        return lowest_in_slot(int(used[0])) if len(used) else 0

    @property
    def max_ns(self) -> int:
        """The upper edge of the highest value's slot; 0 when empty."""
        used = np.flatnonzero(self.counts)
        return highest_in_slot(int(used[-1])) if len(used) else 0

    @property
    def mean_ns(self) -> float:
        """The mean, each value taken at the middle of its slot; nan when empty."""
        middles, weights = self._middles()
        return float(np.average(middles, weights=weights)) if len(weights) else math.nan

    @property
    def stddev_ns(self) -> float:
        """The standard deviation of the counted values themselves (divided by n); nan when empty."""
        middles, weights = self._middles()
        if not len(weights):
            return math.nan
        mean = np.average(middles, weights=weights)
        return math.sqrt(float(np.average((middles - mean) ** 2, weights=weights)))

    def _middles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        used = np.flatnonzero(self.counts)
        middles = [(lowest_in_slot(slot) + highest_in_slot(slot) + 1) / 2 for slot in used.tolist()]
        return np.array(middles, np.float64), self.counts[used].astype(np.float64)

    def percentile(self, q: float) -> int:
        """Return the value at percentile `q` (0 to 100): the upper edge of the slot that holds the ceiling rank.

        The rank is ceil(q / 100 x n), at least 1; q = 0 gives the lower edge of the lowest slot, an empty histogram 0.
        q is lowered by one step of a float first, as the Java original does, so that 99.9 of 1,000 is rank 999.
        """
        total = self.total
        if not total:
            return 0
        if q <= 0:
            return self.min_ns
        share = min(max(math.nextafter(q, -math.inf), 0.0), 100.0)
        return self._value_at_rank(max(1, math.ceil(share * total / 100)))

    def percentile_interval(self, q: float, confidence: float = 0.99) -> tuple[int, int]:
        """Return bounds that hold percentile `q` with `confidence`, from binomial order statistics.

        The ranks are n p -+ z sqrt(n p (1 - p)), rounded outward and kept inside 1..n; (0, 0) when empty. Requests
        of a queueing system are not independent, so the true coverage is lower.
        """
        total = self.total
        if not total:
            return (0, 0)
        p = q / 100
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(total * p * (1 - p))
        low = max(1, math.floor(total * p - reach))
        high = min(total, math.ceil(total * p + reach) + 1)
        return (self._value_at_rank(low), self._value_at_rank(high))

    def _value_at_rank(self, rank: int) -> int:
        slot = int(np.searchsorted(np.cumsum(self.counts), rank))
        return highest_in_slot(min(slot, len(self.counts) - 1))

    def share_at_or_below(self, value_ns: int) -> float:
        """Return the share (0 to 1) of values in slots up to and including that of `value_ns`; nan when empty."""
        total = self.total
        if not total:
            return math.nan
        slot = int(slot_of(np.array([value_ns], np.int64))[0])
        return int(self.counts[: slot + 1].sum()) / total

    def counts_within(self, bounds_ns: Sequence[int]) -> tuple[int, ...]:
        """Return, for each bound, how many values lie in slots up to and including that of the bound."""
        ends = np.minimum(slot_of(np.array(bounds_ns, np.int64)) + 1, len(self.counts))
        cumulative = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.counts)))
        return tuple(cumulative[ends].tolist())

    @property
    def sum_ns(self) -> int:
        """The sum of all values, each taken at the middle of its slot."""
        slots = np.flatnonzero(self.counts)
        buckets = np.maximum((slots >> 10) - 1, 0)
        widths = np.int64(1) << (buckets + _UNIT_MAGNITUDE)
        middles = (slots - (buckets << 10)) * widths + widths // 2
        return int((middles * self.counts[slots]).sum())

    def encode(self) -> str:
        """Return the counts as HdrHistogram V2 text (compressed, base64), readable by every HDR tool."""
        used = np.flatnonzero(self.counts)
        lowest, highest = (int(used[0]), int(used[-1])) if len(used) else (-1, -1)
        self._inner.set_internal_tacking_values(lowest, highest, self.total)
        return cast("bytes", self._inner.encode()).decode("ascii")

    @classmethod
    def decode(cls, text: str) -> Histogram:
        """Build a histogram from V2 text; raise ValueError when it is not one, or not of this layout."""
        try:
            inner = HdrHistogram.decode(text.encode("ascii"))
        except (ValueError, binascii.Error, zlib.error, HdrCookieException, HdrLengthException, TypeError) as error:
            raise ValueError(f"not an HdrHistogram V2 text: {error or type(error).__name__}") from error
        if inner.lowest_trackable_value != LOWEST_NS or inner.significant_figures != DIGITS:
            raise ValueError(
                f"a histogram from {inner.lowest_trackable_value} with {inner.significant_figures} digits, "
                f"expected from {LOWEST_NS} ns with {DIGITS}"
            )
        histogram = cls.__new__(cls)
        histogram._adopt(inner)
        return histogram

    def __repr__(self) -> str:
        return f"Histogram(up to {self.range_ns} ns, {self.total} values, p50 {self.percentile(50)} ns)"
