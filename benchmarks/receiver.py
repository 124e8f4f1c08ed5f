"""A server that writes down when each request arrives: `python -m benchmarks.receiver --out FILE`.

Laws: the first line on stdout is {"url": ...}; on SIGTERM the arrivals, CLOCK_MONOTONIC nanoseconds as 64-bit integers
in order, go to FILE. The time is taken when the bytes have been read, so it is late by one wake-up of this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from array import array
from time import monotonic_ns
from typing import cast

import uvloop

from loadgen.worker.host import ask_for_short_slices

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_END = b"\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; requests without bodies, which may come in pieces."""

    def __init__(self, arrivals: list[int]) -> None:
        self._arrived = arrivals.append
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        now_ns = monotonic_ns()
        assert self._transport is not None
        *whole, self._rest = (self._rest + data).split(_END)
        for _ in whole:
            self._arrived(now_ns)
            self._transport.write(_ANSWER)


async def receive() -> list[int]:
    """Serve on a free port of 127.0.0.1 until SIGTERM; return the arrivals."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    arrivals: list[int] = []
    listener = await loop.create_server(lambda: Receiver(arrivals), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    listener.close()
    return arrivals


def main() -> None:
    """Run the server with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receiver")
    parser.add_argument("--out", required=True, help="file for the arrivals")
    options = parser.parse_args()
    ask_for_short_slices()
    arrivals = uvloop.run(receive())
    with open(options.out, "wb") as out:
        array("q", arrivals).tofile(out)


if __name__ == "__main__":
    main()
