"""One alert of a Prometheus server: is there such a rule, and does it fire?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    import aiohttp

    from loadgen.core.prom_api import Access

INACTIVE, PENDING, FIRING = "inactive", "pending", "firing"
_RANK = (INACTIVE, PENDING, FIRING)
_TIMEOUT_S = 10.0


class AlertWatch:
    """The alert `name` at a Prometheus server; rules of that name in several groups count as one.

    It is asked once each `poll_s` while it is waited for.
    """

    def __init__(self, session: aiohttp.ClientSession, access: Access, name: str, poll_s: float = 0.5) -> None:
        self._session = session
        self._url = access.url
        self._headers = access.headers
        self.name = name
        self._poll_s = poll_s

    def __repr__(self) -> str:
        return f"<AlertWatch {self.name} at {self._url}>"

    async def state(self) -> str:
        """Return inactive, pending or firing; raise InputError without such a rule, LoadgenError without an answer."""
        rules = await self._rules()
        states = [str(rule.get("state", INACTIVE)) for rule in rules if rule.get("name") == self.name]
        if not states:
            known = ", ".join(sorted({str(rule.get("name")) for rule in rules})) or "none at all"
            raise InputError([Problem("--alert", self.name, f"Prometheus has no such alert; it has {known}")])
        return max(states, key=lambda state: _RANK.index(state) if state in _RANK else -1)

    async def wait(self, *, firing: bool, timeout_ns: int) -> str:
        """Wait until the alert fires, or until it does not, and return its last state."""
        deadline = monotonic_ns() + timeout_ns
        while True:
            state = await self.state()
            if (state == FIRING) is firing or monotonic_ns() >= deadline:
                return state
            await asyncio.sleep(min(self._poll_s, max(0.0, (deadline - monotonic_ns()) / NS_PER_S)))

    async def _rules(self) -> list[dict[str, object]]:
        import aiohttp

        url = f"{self._url}/api/v1/rules?type=alert"
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._session.get(
                url, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as response:
                document = orjson.loads(await response.read())
            groups = document["data"]["groups"]
            return [dict(rule) for group in groups for rule in group["rules"]]
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise LoadgenError(f"{self._url} does not answer ({type(error).__name__}): is it a Prometheus?") from error
        except (ValueError, KeyError, TypeError) as error:
            raise LoadgenError(f"{self._url} does not answer as a Prometheus server does") from error
