"""Look a host's name up in a thread of its own, which nobody waits for.

Law: a resolver that does not answer holds one thread, however often it is asked, and never one that others need: the
loop's own threads are few, and scrapes look names up there.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading


class Name:
    """The name of a host; an address, or no host at all, needs no look-up."""

    def __init__(self, host: str) -> None:
        self._host = "" if _is_address(host) else host
        self._answer: asyncio.Future[str] | None = None

    async def look_up(self) -> None:
        """Return when the name is known; raise OSError when it is not. A look-up under way is waited for again."""
        if not self._host:
            return
        if self._answer is None:
            self._answer = asyncio.get_running_loop().create_future()
            thread = threading.Thread(target=self._ask, args=(self._answer,), name="redis-name", daemon=True)
            thread.start()
        trouble = await asyncio.shield(self._answer)
        self._answer = None
        if trouble:
            raise OSError(f"{self._host}: {trouble}")

    def _ask(self, answer: asyncio.Future[str]) -> None:
        trouble = ""
        try:
            socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            trouble = error.strerror or str(error)

        def tell() -> None:
            if not answer.done():
                answer.set_result(trouble)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            answer.get_loop().call_soon_threadsafe(tell)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host
    return True
