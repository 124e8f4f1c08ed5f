"""The HTTP adapter: how the service calls another service, with a deadline and a circuit breaker.

Law: a call ends with an answer or with DegradedError; every call counts as one operation, a refused one does not.
The other service is a coroutine of this process, so that the demo needs nothing beside itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import Clock, SystemClock
from loadgen.core.units import NS_PER_S
from loadgen.demo.fallback import DegradedError, Reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from loadgen.demo.metrics import Metrics

    Upstream = Callable[[str, Reason | None], Awaitable[tuple[int, Any]]]

TIMEOUT_S = 0.03
OPENS_AFTER = 20
OPEN_NS = 2 * NS_PER_S


async def tenant_service(tenant: str, trouble: Reason | None) -> tuple[int, Any]:
    """Answer (status, body) for a tenant's settings, or fail in the way that `trouble` names.

    A timeout is a coroutine that never answers, `http_error` an error status, `upstream_error` a broken connection.
    """
    if trouble is Reason.HTTP_TIMEOUT:
        await asyncio.get_running_loop().create_future()
    if trouble is Reason.UPSTREAM_ERROR:
        raise ConnectionResetError("the tenant service closed the connection")
    if trouble is Reason.UNKNOWN:
        raise LookupError("the tenant service sent something unheard of")
    if trouble is Reason.HTTP_ERROR:
        return 502, None
    return 200, {"tenant": tenant, "locale": "en"}


class CircuitBreaker:
    """Opens for two seconds after twenty failures in a row; then one call decides."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._failures = 0
        self._open_until_ns: int | None = None

    @property
    def is_open(self) -> bool:
        return self._open_until_ns is not None and self._clock.monotonic_ns() < self._open_until_ns

    def note(self, *, failed: bool) -> None:
        """Take in the end of a call that was let through."""
        self._failures = self._failures + 1 if failed else 0
        opens = self._failures >= OPENS_AFTER
        self._open_until_ns = self._clock.monotonic_ns() + OPEN_NS if opens else None

    def trip(self) -> None:
        """Open as if the last failures had just happened."""
        self._failures = OPENS_AFTER
        self._open_until_ns = self._clock.monotonic_ns() + OPEN_NS


class HttpAdapter:
    """Calls an upstream and turns every way of not answering into a reason."""

    def __init__(self, metrics: Metrics, upstream: Upstream = tenant_service, clock: Clock | None = None) -> None:
        self._metrics = metrics
        self._upstream = upstream
        self._clock = clock
        self.breaker = CircuitBreaker(clock)

    async def get(self, path: str, trouble: Reason | None = None) -> Any:
        """Return the body of a 200 answer within 30 ms; raise DegradedError otherwise."""
        breaker = self.breaker
        if trouble is Reason.CIRCUIT_BREAKER:
            breaker = CircuitBreaker(self._clock)
            breaker.trip()
        if breaker.is_open:
            raise DegradedError(Reason.CIRCUIT_BREAKER, "the circuit of the tenant service is open")
        self._metrics.adapter_ops.labels().inc()
        try:
            body = await self._answer(path, trouble)
        except DegradedError:
            breaker.note(failed=True)
            raise
        breaker.note(failed=False)
        return body

    async def _answer(self, path: str, trouble: Reason | None) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, body = await self._upstream(path, trouble)
        except TimeoutError as error:
            text = f"the tenant service gave no answer in {TIMEOUT_S} s"
            raise DegradedError(Reason.HTTP_TIMEOUT, text) from error
        except OSError as error:
            raise DegradedError(Reason.UPSTREAM_ERROR, str(error)) from error
        except LookupError as error:
            raise DegradedError(Reason.UNKNOWN, str(error)) from error
        if status != 200:
            raise DegradedError(Reason.HTTP_ERROR, f"the tenant service answered {status}")
        return body
