"""Counts of a grid second, and of a whole phase as their sum. Pure.

Law: the gauges are derived from cumulative counts (in flight = sent - done - failed, backlog = scheduled - sent -
dropped), so an account that does not add up shows as a gauge that differs from what the engine really holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.outcome import DROPPED_LABELS, EXPECT_PREFIX, FAILED_LABELS, Outcome
from loadgen.record.layout import ENDINGS, FIRST_EXPECTATION, WAS_SENT

if TYPE_CHECKING:
    from loadgen.core.histogram import Int64s

_FAILED = {label: Outcome[label.upper()].value for label in FAILED_LABELS}
IS_FAILED = WAS_SENT.copy()
IS_FAILED[[Outcome.OK, Outcome.ABORTED]] = False
_DROPPED = {label: Outcome[label.upper()].value for label in DROPPED_LABELS}


@dataclass(slots=True)
class Counts:
    """Counts of some stretch of time: `sent` by endpoint, `ended` by endpoint and ending, `scheduled` altogether.

    `bytes_added` were sent beside requests as they were made; `expectations` are the names behind the endings from
    FIRST_EXPECTATION on.
    """

    endpoints: int
    expectations: tuple[str, ...] = ()
    scheduled: int = 0
    bytes_in: int = 0
    bytes_added: int = 0
    connects: int = 0
    sent: Int64s = field(init=False)
    ended: Int64s = field(init=False)

    def __post_init__(self) -> None:
        self.sent = np.zeros(self.endpoints, np.int64)
        self.ended = np.zeros((self.endpoints, ENDINGS), np.int64)

    def add(self, other: Counts) -> None:
        """Add another stretch."""
        self.scheduled += other.scheduled
        self.bytes_in += other.bytes_in
        self.bytes_added += other.bytes_added
        self.connects += other.connects
        self.sent += other.sent
        self.ended += other.ended

    @property
    def sent_total(self) -> int:
        return int(self.sent.sum())

    @property
    def done(self) -> int:
        return int(self.ended[:, Outcome.OK].sum())

    def failed(self) -> dict[str, int]:
        """Return failures by label, without zeros; failed expectations each by its own name."""
        codes = {EXPECT_PREFIX + name: FIRST_EXPECTATION + number for number, name in enumerate(self.expectations)}
        return self._by_label(_FAILED | codes)

    def dropped(self) -> dict[str, int]:
        """Return requests that ended before they were sent, by label, without zeros."""
        return self._by_label(_DROPPED)

    def _by_label(self, codes: dict[str, int]) -> dict[str, int]:
        by_ending = self.ended.sum(axis=0)
        return {label: int(by_ending[code]) for label, code in codes.items() if by_ending[code]}

    @property
    def in_flight(self) -> int:
        return self.sent_total - self.done - sum(self.failed().values())

    @property
    def backlog(self) -> int:
        return self.scheduled - self.sent_total - sum(self.dropped().values())

    def by_endpoint(self, names: tuple[str, ...]) -> dict[str, dict[str, int]]:
        """Return {name: {sent, done, failed, dropped}}."""
        failed, dropped = [ending for ending in range(ENDINGS) if IS_FAILED[ending]], list(_DROPPED.values())
        return {
            name: {
                "sent": int(self.sent[number]),
                "done": int(self.ended[number, Outcome.OK]),
                "failed": int(self.ended[number, failed].sum()),
                "dropped": int(self.ended[number, dropped].sum()),
            }
            for number, name in enumerate(names)
        }
