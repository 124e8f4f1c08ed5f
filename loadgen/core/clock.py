"""The only module that asks the operating system for the time.

Law: every difference is taken on the monotonic clock, in integer nanoseconds; wall time is for display.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

monotonic_ns = time.monotonic_ns
"""CLOCK_MONOTONIC in nanoseconds: one clock for every process of a host."""

process_cpu_ns = time.process_time_ns
"""Processor time that this process has used, in nanoseconds."""


def boottime_ns() -> int:
    """Return CLOCK_BOOTTIME in ns, which also counts suspend; the monotonic clock where there is none."""
    clock_id = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock_id is None else time.clock_gettime_ns(clock_id)


def utc_now() -> datetime:
    """Return the wall clock as an aware UTC datetime."""
    return datetime.now(UTC)


class Clock(Protocol):
    """What code that must be testable takes instead of asking the system."""

    def monotonic_ns(self) -> int: ...

    def utc_now(self) -> datetime: ...


class SystemClock:
    """The real clock."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WallAnchor:
    """One pairing of monotonic and wall time, so that every instant of a run has one wall time."""

    monotonic_ns: int
    wall: datetime

    @classmethod
    def take(cls, clock: Clock | None = None) -> WallAnchor:
        source = clock or SystemClock()
        return cls(source.monotonic_ns(), source.utc_now())

    def wall_at(self, at_ns: int) -> datetime:
        """Return the wall time of a monotonic instant, to the microsecond."""
        return self.wall + timedelta(microseconds=(at_ns - self.monotonic_ns) // 1_000)


def parse_utc(text: str) -> datetime:
    """Read what `iso_utc` wrote; raise ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)


def iso_utc(moment: datetime) -> str:
    """Write an aware datetime as ISO-8601 UTC with milliseconds and a Z.

    >>> iso_utc(datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
