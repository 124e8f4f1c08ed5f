"""Plugin reloads, snapshot creates and restores beside the load, so that their metrics have something to tell.

Laws: one operation after the other, never faster than one per `PERIOD_NS`, inside the load's time only; every request
is counted, because the server counts it too; a failed one is data. For the demo service, or a target that the user
names with --exercise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

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
_PLUGIN = "example-plugin"


async def exercise(
    plan: Plan,
    t0_ns: int,
    until_ns: int,
    count: Callable[[str, str], None],
    token: Callable[[], Secret | None] | None = None,
) -> None:
    """Do reload, create, restore in turn from t0 until shortly before `until_ns`.

    `count` gets (operation, outcome) of every request that was sent; outcome is `http_2xx`, ..., `timeout`, `error`
    or `aborted`. `token` is asked for each request's token, the plan's where it is not given.
    """
    await asyncio.sleep(max(0, t0_ns - monotonic_ns()) / NS_PER_S)
    newest = token or (lambda: plan.jwt)
    async with open_session(plan.load, plan.load.limits.timeout_ns / NS_PER_S) as session:
        await _rounds(_Exerciser(session, plan.base_url, newest, count), until_ns)


async def _rounds(exerciser: _Exerciser, until_ns: int) -> None:
    next_ns = monotonic_ns()
    while True:
        for step in (exerciser.reload, exerciser.create, exerciser.restore):
            next_ns = max(next_ns + PERIOD_NS, monotonic_ns())
            if next_ns + PERIOD_NS >= until_ns:
                return
            await asyncio.sleep((next_ns - monotonic_ns()) / NS_PER_S)
            await step()


class _Exerciser:
    """The three operations; a restore uses the newest snapshot."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        token: Callable[[], Secret | None],
        count: Callable[[str, str], None],
    ) -> None:
        self._session = session
        self._token = token
        self._base_url = base_url
        self._count = count
        self._snapshot = ""

    async def reload(self) -> None:
        await self._post("plugin_reload", f"/api/admin/plugins/{_PLUGIN}/reload-unsafe")

    async def create(self) -> None:
        answer = await self._post("snapshot_create", "/api/snapshots")
        if isinstance(answer, dict):
            self._snapshot = str(answer.get("id") or self._snapshot)

    async def restore(self) -> None:
        if self._snapshot:
            await self._post("snapshot_restore", f"/api/snapshots/{self._snapshot}/restore")

    async def _post(self, operation: str, path: str) -> Any:
        """Send one request, count how it ended, return what it answered as JSON; None where it did not."""
        import aiohttp

        outcome, body = "error", b""
        token = self._token()
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        try:
            async with self._session.post(
                below(self._base_url, path), json={}, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
                outcome = f"http_{response.status // 100}xx"
        except asyncio.CancelledError:
            self._count(operation, "aborted")
            raise
        except TimeoutError:
            outcome = "timeout"
        except aiohttp.ClientError:
            outcome = "error"
        self._count(operation, outcome)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
