"""Tell a process that restarted from several processes that answer in turn. Pure.

Both look like counters that fall. A restart moves the start time forward, once, to a value never seen before; several
processes behind one URL (a load balancer, pre-forked workers) bring back a start time, or a set of counters, that was
already there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_JITTER_S = 1.0
_MEMORY = 8
_SETTLED_AFTER = 6
_RETURNS_NEEDED = 2


class Verdict(Enum):
    """What the newest page says about its process."""

    SAME = "same"
    RESTARTED = "restarted"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and the sentence that explains it."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Remembered:
    age: int
    counters: Mapping[int, float]


class ProcessIdentity:
    """Judges page after page of one endpoint.

    A set of counters must come back twice before several processes are concluded, because a young process that
    crashes early looks like one return; a start time need come back only once.
    """

    def __init__(self) -> None:
        self.start_times: list[float] = []
        self._before_drops: deque[_Remembered] = deque(maxlen=_MEMORY)
        self._returns: deque[int] = deque(maxlen=_MEMORY)
        self._pages = 0
        self._steady = 0
        self.several = ""

    def judge(
        self, start_time: float | None, dropped: str, before: Mapping[int, float], now: Sequence[float | None]
    ) -> Finding:
        """Judge a page by its start time, the name of a counter that fell (or empty), and the counters.

        `before` holds the counters of the page before by slot (needed where one fell), `now` the values of this page.
        While several processes are known of, every page is SEVERAL until six in a row come from the same one.
        """
        self._pages += 1
        finding = self._compare(start_time, dropped, before, now)
        if self.several:
            self._steady = self._steady + 1 if finding.verdict is Verdict.SAME else 0
            if self._steady >= _SETTLED_AFTER:
                self._forget(start_time)
                return Finding(Verdict.SAME, "the same process has answered again for a while")
            return Finding(Verdict.SEVERAL, self.several)
        if finding.verdict is Verdict.SEVERAL:
            self.several, self._steady = finding.reason, 0
        return finding

    def _compare(
        self, start_time: float | None, dropped: str, before: Mapping[int, float], now: Sequence[float | None]
    ) -> Finding:
        moved = self._start_time(start_time, fell=bool(dropped))
        returned = self._counters(dropped, before, now)
        if moved is not None and moved.verdict is Verdict.SEVERAL:
            return moved
        if returned:
            return Finding(Verdict.SEVERAL, "a set of counters that was replaced came back")
        if moved is not None:
            self._before_drops.clear()
            self._returns.clear()
            return moved
        if dropped:
            return Finding(Verdict.RESTARTED, f"{dropped} fell")
        return Finding(Verdict.SAME)

    def _start_time(self, start_time: float | None, *, fell: bool) -> Finding | None:
        if start_time is None:
            return None
        known = self.start_times
        if not known:
            known.append(start_time)
            return None
        last = known[-1]
        if abs(start_time - last) <= _JITTER_S:
            return None
        known.append(start_time)
        if any(abs(start_time - earlier) <= _JITTER_S for earlier in known[:-1]):
            return Finding(Verdict.SEVERAL, f"start time {start_time:.0f} came back after {last:.0f}")
        if start_time < last:
            return Finding(Verdict.SEVERAL, f"start time went back from {last:.0f} to {start_time:.0f}")
        return Finding(Verdict.RESTARTED, f"start time moved by {start_time - last:.0f} s")

    def _counters(self, dropped: str, before: Mapping[int, float], now: Sequence[float | None]) -> bool:
        """Remember what was there before a fall; return whether such a set has come back often enough."""
        back = any(_reaches(now, old.counters) for old in self._before_drops if self._pages - old.age <= _MEMORY)
        if back:
            self._returns.append(self._pages)
            self._before_drops.clear()
        if dropped:
            self._before_drops.append(_Remembered(self._pages, dict(before)))
        recent = [page for page in self._returns if self._pages - page < _MEMORY]
        return len(recent) >= _RETURNS_NEEDED

    def _forget(self, start_time: float | None) -> None:
        self.several = ""
        self.start_times = [] if start_time is None else [start_time]
        self._before_drops.clear()
        self._returns.clear()


def _reaches(now: Sequence[float | None], old: Mapping[int, float]) -> bool:
    """Say whether no counter of the old set is missing or lower now."""
    return bool(old) and all(
        slot < len(now) and (current := now[slot]) is not None and current >= value for slot, value in old.items()
    )
