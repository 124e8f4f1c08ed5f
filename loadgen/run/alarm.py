"""Send an alert without holding up the run: in a thread of its own, for a bounded time.

Laws: the supervisor's loop is never blocked by a name server, a TLS handshake or the import of a client; nothing that
happens here ends a run or changes its exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from loadgen.notify.delivery import TOTAL_S
from loadgen.notify.ledger import Ledger
from loadgen.notify.notifier import Notifier, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from loadgen.notify.alert import Alert
    from loadgen.notify.channel import Messaging

_BOUND_S = TOTAL_S + 2.0


class Alarm:
    """Sends alerts for a run; remembers what was sent in a ledger that all runs share."""

    def __init__(self, messaging: Messaging, ledger: Path, *, bound_s: float = _BOUND_S) -> None:
        self._notifier = Notifier(messaging, Ledger(ledger))
        self._enabled = messaging.alerts_enabled
        self._bound_s = bound_s

    def __repr__(self) -> str:
        return f"<Alarm {self._notifier!r}>"

    @property
    def enabled(self) -> bool:
        """Whether alerts are switched on."""
        return self._enabled

    async def send(self, alert: Alert) -> Sent:
        """Send an alert and return what came of it; after the bound the thread is left to itself."""
        return await self._in_thread(lambda: self._notifier.send(alert))

    async def resolve(self, alert: Alert) -> Sent:
        """Tell that an alert is over, where it was raised and somebody wants to know."""
        return await self._in_thread(lambda: self._notifier.resolve(alert))

    async def _in_thread(self, work: Callable[[], Coroutine[Any, Any, Sent]]) -> Sent:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Sent] = loop.create_future()

        def settle(sent: Sent) -> None:
            if not done.done():
                done.set_result(sent)

        def thread() -> None:
            sent = _finished(work)
            with contextlib.suppress(RuntimeError):  # the run ended meanwhile
                loop.call_soon_threadsafe(settle, sent)

        threading.Thread(target=thread, name="alarm", daemon=True).start()
        try:
            return await asyncio.wait_for(done, self._bound_s)
        except TimeoutError:
            return Sent(False, (), (f"not delivered within {self._bound_s:g} s",))


def _finished(work: Callable[[], Coroutine[Any, Any, Sent]]) -> Sent:
    try:
        return asyncio.run(work())
    except Exception as error:  # noqa: BLE001 - an alert must never be what ends a run
        return Sent(False, (), (f"{type(error).__name__}: {error}",))
