"""A service whose latency is known: `python -m benchmarks.service --fast-ms 10 --slow-ms 40 --slow-every 10`.

Laws: the first line on stdout is {"url": ...}; request n in order of arrival is answered fast, every `slow-every`-th
one slow, counted from its arrival; the process watches the clock instead of sleeping, so an answer leaves within some
ten microseconds of its time. SIGUSR1 freezes it for `--freeze-s`: nothing is read or written, then all at once.
With `--fast-ms 0` it answers at once and sleeps like any other server. On SIGTERM it writes [[arrived_ns, answered_ns],
...], in the order of the answers, to `--out`.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import signal
import sys
import time
from time import monotonic_ns
from typing import cast

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_END = b"\r\n\r\n"


class Clockwork:
    """Answers each request when its time has come."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._fast_ns, self._slow_ns = int(options.fast_ms * 1e6), int(options.slow_ms * 1e6)
        self._waiting: list[tuple[int, int, int, asyncio.Transport]] = []
        self._arrived = 0
        self._loop = asyncio.get_running_loop()
        self.record: list[tuple[int, int]] = []

    def arrive(self, transport: asyncio.Transport) -> None:
        """Take a request in."""
        now_ns = monotonic_ns()
        self._arrived += 1
        if not self._fast_ns:
            transport.write(_ANSWER)
            self.record.append((now_ns, monotonic_ns()))
            return
        slow = self._options.slow_every and self._arrived % self._options.slow_every == 0
        due_ns = now_ns + (self._slow_ns if slow else self._fast_ns)
        heapq.heappush(self._waiting, (due_ns, self._arrived, now_ns, transport))
        if len(self._waiting) == 1:
            self._loop.call_soon(self._watch)

    def _watch(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= monotonic_ns():
            _, _, arrived_ns, transport = heapq.heappop(waiting)
            transport.write(_ANSWER)
            self.record.append((arrived_ns, monotonic_ns()))
        if waiting:
            self._loop.call_soon(self._watch)

    def freeze(self) -> None:
        """Stand still."""
        time.sleep(self._options.freeze_s)


class Connection(asyncio.Protocol):
    """One connection; a request has no body and arrives in one piece."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if data.endswith(_END) and self._transport is not None:
            self._clockwork.arrive(self._transport)


async def serve(options: argparse.Namespace) -> Clockwork:
    """Serve on a free port of 127.0.0.1 until SIGTERM."""
    loop = asyncio.get_running_loop()
    clockwork = Clockwork(options)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, clockwork.freeze)
    listener = await loop.create_server(lambda: Connection(clockwork), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    listener.close()
    return clockwork


def main() -> None:
    """Run the service with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service")
    parser.add_argument("--fast-ms", type=float, default=0.0)
    parser.add_argument("--slow-ms", type=float, default=0.0)
    parser.add_argument("--slow-every", type=int, default=0)
    parser.add_argument("--freeze-s", type=float, default=1.0)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    clockwork = uvloop.run(serve(options))
    with open(options.out, "w", encoding="ascii") as out:
        json.dump(clockwork.record, out)


if __name__ == "__main__":
    main()
