"""A thread behind a bounded queue: never a wait for the caller, never a silent loss."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from loadgen.core.background import Background
from loadgen.core.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Sink:
    """Collects batches; blocks at a gate while it is shut."""

    def __init__(self, *, fails: int = 0) -> None:
        self.items: list[int] = []
        self.lost: list[int] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._fails = fails

    def handle(self, items: Sequence[int], lost: int) -> int:
        self.entered.set()
        self.gate.wait(30)
        self.lost.append(lost)
        if items and self._fails:
            self._fails -= 1
            return len(items)
        self.items.extend(items)
        return 0


def test_items_are_handled_in_the_order_they_were_accepted() -> None:
    sink = _Sink()
    background = Background(sink.handle, name="t", bound=1_000)

    assert all(background.put(item) for item in range(600))

    assert background.close(10 * NS_PER_S)
    assert sink.items == list(range(600))
    assert background.lost == 0


def test_what_does_not_fit_is_refused_and_counted_and_the_handler_is_told() -> None:
    sink = _Sink()
    sink.gate.clear()
    background = Background(sink.handle, name="t", bound=2)
    background.put(0)
    assert sink.entered.wait(10)

    assert [background.put(item) for item in (1, 2, 3, 4)] == [True, True, False, False]
    assert background.lost == 2

    sink.gate.set()
    assert background.close(10 * NS_PER_S)
    assert sink.items == [0, 1, 2]
    assert sink.lost[-1] == 2


def test_what_the_handler_could_not_deliver_counts_as_lost() -> None:
    sink = _Sink(fails=1)
    background = Background(sink.handle, name="t", bound=10)
    background.put(1)
    assert background.flush(10 * NS_PER_S)
    background.put(2)
    assert background.close(10 * NS_PER_S)

    assert sink.items == [2]
    assert background.lost == 1
    assert sink.lost[-1] == 1


def test_a_handler_that_never_returns_holds_up_neither_put_nor_flush_nor_close() -> None:
    sink = _Sink()
    sink.gate.clear()
    background = Background(sink.handle, name="t", bound=1)
    background.put(0)
    assert sink.entered.wait(10)

    assert background.put(1)
    assert not background.put(2)
    assert not background.flush(20 * NS_PER_MS)
    assert not background.close(20 * NS_PER_MS)
    sink.gate.set()


def test_a_nudge_calls_the_handler_with_nothing() -> None:
    sink = _Sink()
    background = Background(sink.handle, name="t", bound=1)
    background.nudge()
    assert sink.entered.wait(10)
    assert background.close(10 * NS_PER_S)
    assert sink.items == []


def test_nothing_is_accepted_after_the_close() -> None:
    sink = _Sink()
    background = Background(sink.handle, name="writer", bound=1)
    assert background.close(10 * NS_PER_S)

    assert not background.put(1)
    assert background.close(10 * NS_PER_S), "a second close only waits"
    assert repr(background) == "<Background writer closed, 0 waiting, 1 lost>"
