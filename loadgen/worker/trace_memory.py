"""Which trace id a request was sent with, asked by the instant it was due, after it has ended.

Laws: nothing is kept for each request but its due time and number, which were there anyway; the memory is bounded, and
a request that is older than it has no known trace id; of two requests due at the same instant the first one is told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_BLOCKS = 4_096
"""Of 32 requests each in an open load: 131,072, of which a busy service has long answered the first."""


class TraceMemory:
    """Remembers blocks of requests; `context_of(number)` makes a request's traceparent again."""

    def __init__(self, context_of: Callable[[int], str]) -> None:
        self._context_of = context_of
        self._blocks: deque[tuple[Sequence[int], Sequence[int]]] = deque(maxlen=MOST_BLOCKS)

    def __repr__(self) -> str:
        return f"<TraceMemory of {len(self._blocks)} blocks>"

    def add(self, dues_ns: Sequence[int], numbers: Sequence[int]) -> None:
        """Remember requests in the order in which they are due."""
        if numbers:
            self._blocks.append((dues_ns, numbers))

    def trace_id(self, due_ns: int) -> str:
        """Return the trace id of the request that was due at an instant; empty when it is not remembered."""
        for dues_ns, numbers in reversed(self._blocks):
            if dues_ns[0] <= due_ns <= dues_ns[-1]:
                at = bisect_left(dues_ns, due_ns)
                if dues_ns[at] == due_ns:
                    return self._context_of(numbers[at])[3:35]
        return ""
