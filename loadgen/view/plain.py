"""Plain lines for logs, pipes and people without a terminal: one per event, one of progress every ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.background import CLOSE_TIMEOUT_NS, Background
from loadgen.core.units import NS_PER_S
from loadgen.view.figures import breakdown, clock, latency, limit, percent, rate, share
from loadgen.view.raw_text import RawText
from loadgen.view.sentences import clean, sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from loadgen.core.events import Event, Progress

EVERY_NS = 10 * NS_PER_S
BOUND_LINES = 1_000


class PlainView:
    """Writes lines from a thread of its own; when the reader stands still, lines beyond a bound are counted."""

    def __init__(self, stream: TextIO, *, every_ns: int = EVERY_NS) -> None:
        self._out = RawText(stream)
        self._every_ns = every_ns
        self._slot: tuple[str, int] | None = None
        self._told = 0
        self._writer = Background(self._write, name="plain-view", bound=BOUND_LINES)

    def progress(self, progress: Progress) -> None:
        """Write a line when another ten seconds of the phase have begun."""
        slot = (progress.phase, progress.elapsed_ns // self._every_ns)
        if slot == self._slot or slot[1] <= 0:
            return
        self._slot = slot
        self._writer.put(progress_line(progress))

    def event(self, event: Event) -> None:
        self._writer.put(str(sentence_of(event)))

    def close(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> None:
        """Write what is queued, waiting a bounded time for a reader that stands still."""
        self._writer.close(timeout_ns)

    def _write(self, lines: Sequence[str], lost: int) -> int:
        report = [f"{'':>8}  {lost - self._told:,} lines could not be shown in time"] if lost > self._told else []
        try:
            for line in (*report, *lines):
                self._out.write(line + "\n")
            self._out.flush()
        except (OSError, ValueError):  # the reader is gone: nobody is left to be told
            return len(lines)
        self._told = lost
        return 0


def progress_line(progress: Progress) -> str:
    """Return one line about the state of a run."""
    failures = sum(progress.failed.values()) + sum(progress.dropped.values())
    reasons = breakdown({**progress.failed, **progress.dropped})
    parts = [
        f"{clock(progress.elapsed_ns):>8}  {clean(progress.phase)}",
        "draining"
        if 0 < progress.total_ns <= progress.elapsed_ns
        else f"{rate(progress.achieved_rate_per_s)} of {rate(progress.target_rate_per_s)}",
        f"sent {progress.sent:,}",
        f"failed {failures:,} ({share(failures, progress.scheduled)}{': ' + reasons if reasons else ''})",
        f"p50 {latency(progress.p50_ns)} p95 {latency(progress.p95_ns)} p99 {latency(progress.p99_ns)} "
        f"max {latency(progress.max_ns)}",
        f"lag p99 {latency(progress.lag_p99_ns)}",
        f"in flight {progress.in_flight:,}, backlog {progress.backlog:,}",
        *(
            f"{line.name} {percent(line.value)} of {limit(line.threshold)}"
            for line in progress.breaker
            if line.value is not None and line.threshold is not None and line.threshold < 1
        ),
    ]
    if progress.samples:
        parts.append(f"sample {progress.sample} of {progress.samples}")
    parts += [f"{clock(progress.total_ns - progress.elapsed_ns)} left", clean(progress.validity)]
    return " | ".join(parts)
