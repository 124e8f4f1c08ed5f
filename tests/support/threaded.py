"""A server on loopback in a thread of its own, with its own loop: what tests derive theirs from."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

T = TypeVar("T")


class ThreadedServer:
    """Serves every connection by `serve`, each in a task; a context manager that leaves nothing open."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.connections = 0
        self.port = 0

    async def listen(self) -> asyncio.Server:
        """Return the listening server; on a port the system chooses unless a subclass does otherwise."""
        return await asyncio.start_server(self.connected, "127.0.0.1", 0, backlog=1024)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(self.listen())
        address = self._server.sockets[0].getsockname()
        self.port = address[1] if isinstance(address, tuple) else 0
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection that was accepted, and close it whatever happens."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await writer.wait_closed()

    async def _close(self) -> None:
        await asyncio.sleep(0.01)  # a socket accepted just before close() would be lost without being closed
        self._server.close()
        for _ in range(3):  # a connection accepted at the last moment has no task yet
            await asyncio.sleep(0.005)
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
