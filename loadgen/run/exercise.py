"""Plugin reloads, snapshot creates and restores, cache writes and reads beside the load, so that their metrics have
something to tell.

Laws: of each kind one operation after the other, never faster than its period, inside the load's time only; every
request is counted, because the server counts it too, but for those of `INTERNAL`; a failed one is data, and a first
answer that there is no such operation is the last. For the demo service, or a target that the user names with
--exercise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.plan.mix import below
from loadgen.run.preflight_http import open_session

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from loadgen.core.redact import Secret
    from loadgen.plan.model import Plan

PERIOD_NS = 500 * NS_PER_MS
PAIR_NS = 10 * NS_PER_MS
"""The shortest time from one pair of cache operations to the next; what does not fit into the load's time is left."""

INTERNAL = frozenset({"cache_set", "cache_get"})
"""Operations on internal routes, which the service does not count as requests."""

_ABSENT = frozenset({401, 403, 404, 405, 501})
_KEYS = 20


async def exercise(
    plan: Plan,
    t0_ns: int,
    until_ns: int,
    count: Callable[[str, str], None],
    token: Callable[[], Secret | None] | None = None,
) -> None:
    """Do reload, create, restore in turn from t0 until shortly before `until_ns`, and the cache pairs evenly beside.

    `count` gets (operation, outcome) of every request that was sent; outcome is `http_2xx`, ..., `timeout`, `error`
    or `aborted`. `token` is asked for each request's token, the plan's where it is not given.
    """
    await asyncio.sleep(max(0, t0_ns - monotonic_ns()) / NS_PER_S)
    newest = token or (lambda: plan.jwt)
    async with open_session(plan.load, plan.load.limits.timeout_ns / NS_PER_S) as session:
        exerciser = _Exerciser(session, plan, newest, count)
        async with asyncio.TaskGroup() as both:
            both.create_task(_rounds(exerciser, until_ns))
            both.create_task(_pairs(exerciser, plan.exercised.cache_pairs, until_ns))


async def _rounds(exerciser: _Exerciser, until_ns: int) -> None:
    next_ns = monotonic_ns()
    while True:
        for step in (exerciser.reload, exerciser.create, exerciser.restore):
            next_ns = max(next_ns + PERIOD_NS, monotonic_ns())
            if next_ns + PERIOD_NS >= until_ns:
                return
            await asyncio.sleep((next_ns - monotonic_ns()) / NS_PER_S)
            await step()


async def _pairs(exerciser: _Exerciser, pairs: int, until_ns: int) -> None:
    """Write a value and read it, so many times, spread over the time but for the last period."""
    began_ns = monotonic_ns()
    span_ns = until_ns - PERIOD_NS - began_ns
    for number in range(pairs):
        due_ns = began_ns + number * max(PAIR_NS, span_ns // pairs)
        if max(due_ns, monotonic_ns()) >= began_ns + span_ns:
            return
        await asyncio.sleep(max(0, due_ns - monotonic_ns()) / NS_PER_S)
        if not await exerciser.pair(f"exercise:{number % _KEYS}", str(number)):
            return


class _Exerciser:
    """The operations; a restore uses the newest snapshot."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        plan: Plan,
        token: Callable[[], Secret | None],
        count: Callable[[str, str], None],
    ) -> None:
        self._session = session
        self._token = token
        self._base_url = plan.base_url
        self._plugin = quote(plan.exercised.plugin, safe="")
        self._count = count
        self._snapshot = ""
        self._tried: set[str] = set()
        self._absent: set[str] = set()

    async def reload(self) -> None:
        await self._send("plugin_reload", "POST", f"/api/admin/plugins/{self._plugin}/reload-unsafe", {})

    async def create(self) -> None:
        answer = await self._send("snapshot_create", "POST", "/api/snapshots", {})
        if isinstance(answer, dict):
            self._snapshot = str(answer.get("id") or self._snapshot)

    async def restore(self) -> None:
        if self._snapshot:
            await self._send("snapshot_restore", "POST", f"/api/snapshots/{self._snapshot}/restore", {})

    async def pair(self, key: str, value: str) -> bool:
        """Write a value to the cache and read it back; return whether there are such operations."""
        await self._send("cache_set", "POST", "/internal/cache/set", {"key": key, "value": value})
        await self._send("cache_get", "GET", f"/internal/cache/get?key={key}")
        return not INTERNAL & self._absent

    async def _send(self, operation: str, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """Send one request, count how it ended, return what it answered as JSON; None where it did not.

        Nothing is sent of an operation that the service does not have.
        """
        import aiohttp

        if operation in self._absent:
            return None
        outcome, answer = "error", b""
        token = self._token()
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        try:
            async with self._session.request(
                method, below(self._base_url, path), json=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await response.read()
                outcome = f"http_{response.status // 100}xx"
                self._note(operation, response.status)
        except asyncio.CancelledError:
            self._count(operation, "aborted")
            raise
        except TimeoutError:
            outcome = "timeout"
        except aiohttp.ClientError:
            outcome = "error"
        self._count(operation, outcome)
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError:
            return None

    def _note(self, operation: str, status: int) -> None:
        if operation not in self._tried and status in _ABSENT:
            self._absent.add(operation)
        self._tried.add(operation)
