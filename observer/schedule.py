"""When to scrape: samples at t0 + k x interval, probes from t0 on, retries in between, one at a time. Pure.

Laws: a sample that is due stays open until a scrape succeeds, its attempts are used up or its time is over; a
successful scrape closes every open sample that its data is new enough for; a probe whose time passed while another
scrape was under way is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.core.units import NS_PER_S

ATTEMPTS = 4
_FIRST_PAUSE_NS = NS_PER_S
_ASKED_PATIENCE_NS = 20 * NS_PER_S
_FRESH_PAUSE_NS = NS_PER_S // 2


@dataclass(slots=True)
class Open:
    """A sample that wants a scrape: of the grid (`label` empty), or one that was asked for.

    Until `fresh_until_ns` it is content only with data that is not older than `due_ns`.
    """

    number: int
    label: str
    due_ns: int
    retry_ns: int
    give_up_ns: int
    attempts: int = 0
    fresh_until_ns: int = 0

    def wants_newer(self, now_ns: int, data_ns: int) -> bool:
        """Say whether to ask again instead of taking data of that age."""
        return data_ns < self.due_ns and now_ns < self.fresh_until_ns

    def failed(self, now_ns: int, interval_ns: int) -> bool:
        """Count a failed attempt; return whether it was the last."""
        self.attempts += 1
        self.retry_ns = now_ns + min(_FIRST_PAUSE_NS << (self.attempts - 1), interval_ns // 8)
        return self.attempts >= ATTEMPTS or self.retry_ns >= self.give_up_ns


class Schedule:
    """The grid of one observation. All durations in ns; `samples` 0 means without end, `probe_ns` 0 no probes.

    `enter` makes it go on in the middle.
    """

    def __init__(self, interval_ns: int, samples: int, probe_ns: int, scrape_timeout_ns: int) -> None:
        self.interval_ns = interval_ns
        self._samples = samples
        self._probe_ns = probe_ns
        own_ns = min(interval_ns * 2 // 5, probe_ns * 9 // 10) if probe_ns else interval_ns * 2 // 5
        self._timeout_ns = min(scrape_timeout_ns, own_ns)
        self._t0_ns: int | None = None
        self._next_number = 1
        self._skip_ns = 0
        self._next_probe = 0
        self._stopped = False
        self.open: list[Open] = []

    @property
    def finished(self) -> bool:
        """Whether every sample of the grid has been taken or given up, or sampling was stopped."""
        over = self._samples > 0 and self._next_number > self._samples
        return (over or self._stopped) and not self.open

    @property
    def begun(self) -> bool:
        """Whether t0 is known."""
        return self._t0_ns is not None

    @property
    def last_number(self) -> int:
        """The number of the last sample of the grid that came due."""
        return self._next_number - 1

    def enter(self, skip_ns: int, written: int) -> list[int]:
        """Let t0 be so long after the grid's beginning; return the numbers that cannot be measured any more.

        `written` samples are on record. What was due before t0 is lost, and so is the sample whose interval the break
        lies in.
        """
        self._skip_ns = skip_ns
        first = written + 1
        self._next_number = max(first, -(-skip_ns // self.interval_ns) + 1)
        if self._samples:
            self._next_number = min(self._next_number, self._samples + 1)
        return list(range(first, self._next_number))

    def begin(self, t0_ns: int) -> None:
        self._t0_ns = t0_ns

    def stop(self, now_ns: int) -> None:
        """Nothing more comes due; what is due by now stays open."""
        self.claim(now_ns)
        self._stopped = True

    def ask(self, label: str, now_ns: int, fresh_ns: int = 0) -> None:
        """Open a sample outside the grid that waits up to `fresh_ns` for data of this moment or later."""
        number = self._take_number() if label == "final" else self.last_number
        give_up_ns = now_ns + fresh_ns + _ASKED_PATIENCE_NS
        self.open.append(
            Open(number, label, now_ns, now_ns, give_up_ns, fresh_until_ns=now_ns + fresh_ns if fresh_ns else 0)
        )

    def claim(self, now_ns: int) -> list[int]:
        """Open the sample that is due; return the numbers whose whole interval has passed unnoticed."""
        missed: list[int] = []
        while (due_ns := self._sample_due()) is not None and due_ns <= now_ns:
            number = self._take_number()
            if due_ns + self.interval_ns <= now_ns:
                missed.append(number)
            else:
                self.open.append(Open(number, "", due_ns, due_ns, due_ns + self.interval_ns * 4 // 5))
        return missed

    def probe_is_due(self, now_ns: int) -> bool:
        """Say whether a probe is due, and move on to the first one after now if so."""
        due_ns = self._probe_due()
        if due_ns is None or due_ns > now_ns:
            return False
        assert self._t0_ns is not None
        self._next_probe = (now_ns - self._t0_ns) // self._probe_ns + 1
        return True

    def scrape_is_due(self, now_ns: int) -> bool:
        """Say whether an open sample wants an attempt now."""
        return any(sample.retry_ns <= now_ns for sample in self.open)

    def next_ns(self) -> int | None:
        """Return when something is due next; None for never."""
        dues = [sample.retry_ns for sample in self.open]
        dues += [due for due in (self._sample_due(), self._probe_due()) if due is not None]
        return min(dues, default=None)

    def timeout_ns(self, now_ns: int) -> int:
        """Return how long a scrape that begins now may take."""
        left_ns = min((sample.give_up_ns - now_ns for sample in self.open), default=self._timeout_ns)
        return max(min(self._timeout_ns, left_ns), NS_PER_S // 20)

    def close(self, now_ns: int, data_ns: int) -> list[Open]:
        """Take every open sample that this data is new enough for: a scrape succeeded."""
        waiting = [sample for sample in self.open if sample.wants_newer(now_ns, data_ns)]
        for sample in waiting:
            sample.retry_ns = min(now_ns + _FRESH_PAUSE_NS, sample.fresh_until_ns)
        taken = [sample for sample in self.open if sample not in waiting]
        self.open = waiting
        return taken

    def failed(self, now_ns: int) -> list[Open]:
        """Count a failed attempt for every open sample; take those that have none left."""
        over = [sample for sample in self.open if sample.failed(now_ns, self.interval_ns)]
        self.open = [sample for sample in self.open if sample not in over]
        return over

    def _take_number(self) -> int:
        self._next_number += 1
        return self._next_number - 1

    def _sample_due(self) -> int | None:
        if self._t0_ns is None or self._stopped or (self._samples and self._next_number > self._samples):
            return None
        return self._t0_ns + self._next_number * self.interval_ns - self._skip_ns

    def _probe_due(self) -> int | None:
        if self._t0_ns is None or self._stopped or not self._probe_ns:
            return None
        return self._t0_ns + self._next_probe * self._probe_ns
