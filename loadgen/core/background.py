"""A thread behind a bounded queue: whoever hands something over never waits for a disk or a terminal.

Laws: `put` never blocks; items are handled in the order they were accepted; what did not fit, or could not be
delivered, is counted; `flush` and `close` wait for a bounded time only.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLOSE_TIMEOUT_NS = 2 * NS_PER_S
_BATCH = 256

T = TypeVar("T")


class Background(Generic[T]):
    """Hands items to `handle` in a thread of its own.

    `handle(items, lost)` gets the next items (none after a `nudge`, and once more at the close) and the number lost
    so far; it returns how many of the items it could not deliver. The thread is a daemon: a write that never returns
    cannot keep the process alive.
    """

    def __init__(self, handle: Callable[[Sequence[T], int], int], *, name: str, bound: int) -> None:
        self._handle = handle
        self._bound = bound
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._accepted = 0
        self._handled = 0
        self._lost = 0
        self._nudged = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<{type(self).__name__} {self._thread.name} {state}, {len(self._items)} waiting, {self._lost} lost>"

    @property
    def lost(self) -> int:
        """Items that were refused or not delivered, so far."""
        return self._lost

    def put(self, item: T) -> bool:
        """Hand over an item; return whether it was accepted. After `close` nothing is."""
        with self._changed:
            if self._closed or len(self._items) >= self._bound:
                self._lost += 1
                return False
            self._items.append(item)
            self._accepted += 1
            self._changed.notify_all()
            return True

    def nudge(self) -> None:
        """Have `handle` called soon, with whatever is there."""
        with self._changed:
            self._nudged = True
            self._changed.notify_all()

    def flush(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> bool:
        """Wait until everything accepted so far was handled; return False when that took too long."""
        with self._changed:
            aim = self._accepted
            return self._changed.wait_for(lambda: self._handled >= aim, timeout_ns / NS_PER_S)

    def close(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> bool:
        """Handle what is queued, end the thread; return whether it ended in time. A second call only waits."""
        deadline_ns = monotonic_ns() + timeout_ns
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(max(0, deadline_ns - monotonic_ns()) / NS_PER_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._nudged or self._closed)
                self._nudged = False
                batch = [self._items.popleft() for _ in range(min(_BATCH, len(self._items)))]
                last = self._closed and not self._items
                lost = self._lost
            failed = self._handle(batch, lost)
            with self._changed:
                self._lost += failed
                self._handled += len(batch)
                self._changed.notify_all()
            if last:
                if batch:
                    self._handle([], self._lost)
                return
