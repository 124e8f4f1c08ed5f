"""Sending what is due as long as nothing is unusual: the loop of the engine that runs once for each request.

Law: it has a compiled twin (`loadgen.core._kernel.burst`) that does the same; tests hold both to the same sends.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING, cast

from loadgen.core.kernel import find_kernel
from loadgen.net.protocol import CookieConnection, PlainConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.net.endpoint import Endpoint
    from loadgen.net.pool import Pool

    Burst = Callable[[list[int], list[Endpoint], int, Sequence[Pool], int, int], int]


def plain_burst(
    dues: list[int], picks: list[Endpoint], at: int, pools: Sequence[Pool], until_ns: int, send_until_ns: int
) -> int:
    """Send the requests from `at` on that are due by `until_ns`; return the position of the first that was not sent.

    It stops, too, where one of its pool has nothing free or something waits, and at `send_until_ns`.
    """
    now_ns = monotonic_ns()
    end = len(picks)
    while at < end and dues[at] <= until_ns and now_ns < send_until_ns:
        endpoint = picks[at]
        pool = pools[endpoint.number]
        if pool.backlog or not pool.free:
            break
        connection = pool.free.popleft()
        if connection.lost:
            break
        connection.send(dues[at], endpoint, now_ns)
        at += 1
        now_ns = monotonic_ns()
    return at


def best_burst(pools: Sequence[Pool]) -> Burst:
    """Return the compiled loop where there is one and the pools' connections are compiled, too."""
    kernel = find_kernel()
    if kernel is None or any(pool.connection in (PlainConnection, CookieConnection) for pool in pools):
        return plain_burst
    return cast("Burst", kernel.burst)
