"""The fault panel of the demo service, as a drill uses it.

Laws: a panel is recognised by what it answers, not by where it is; faults are set under a lease that is renewed while
the drill lives, so that they are lifted even when it is killed; lifting is checked, not assumed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import LoadgenError
from loadgen.core.units import NS_PER_S
from loadgen.drill.beside import beside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp

PATH = "/internal/fault"
LEASE_S = 10.0
_RENEW_S = 2.5
_LIFT_S = 30.0
_RETRY_S = 0.3
_TIMEOUT_S = 5.0
_SIGNS = frozenset({"error_share", "metrics_stall", "fallback_share", "restarts"})
_SETTINGS = frozenset({"error_status", "fallback_modes", "restarts", "lease"})


class PanelError(LoadgenError):
    """The panel did not do what it was asked; the text says what it answered."""


class NotLiftedError(LoadgenError):
    """A fault could not be taken back; the text says which."""


class Panel:
    """The panel at a base URL."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, headers: Mapping[str, str]) -> None:
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)

    def __repr__(self) -> str:
        return f"<Panel {self._base_url}>"

    async def state(self) -> dict[str, Any] | None:
        """Return what the panel shows; None where there is no panel of ours."""
        try:
            status, document = await self._ask("GET", PATH)
        except PanelError:
            return None
        known = status == 200 and isinstance(document, dict) and set(document) >= _SIGNS
        return document if known else None

    async def get(self, path: str) -> dict[str, Any]:
        """Return the JSON object at a path; raise PanelError."""
        status, document = await self._ask("GET", path)
        if status != 200 or not isinstance(document, dict):
            raise PanelError(f"GET {path} answered {status}: {document}")
        return document

    async def set(self, **faults: object) -> None:
        """Set faults, or ask for actions, under a lease; raise PanelError."""
        status, document = await self._ask("PUT", PATH, {**faults, "lease": LEASE_S})
        if status != 200:
            said = document.get("message", document) if isinstance(document, dict) else document
            raise PanelError(f"the fault panel refuses {faults}: {said}")

    def held(self) -> AbstractAsyncContextManager[None]:
        """Return a block for as long as which the lease is renewed."""
        return beside(self._renew())

    async def lift(self) -> None:
        """Lift every fault and make sure that none is left; raise NotLiftedError after half a minute without."""
        deadline = monotonic_ns() + int(_LIFT_S * NS_PER_S)
        said = ""
        while monotonic_ns() < deadline:
            try:
                status, document = await self._ask("DELETE", PATH)
                if status == 200 and isinstance(document, dict) and not in_force(document):
                    return
                said = f"it answered {status}"
            except PanelError as error:
                said = str(error)
            await asyncio.sleep(_RETRY_S)
        remedy = f"DELETE {self._base_url}{PATH} lifts them; they end by themselves {LEASE_S:g} s after the drill"
        raise NotLiftedError(f"the faults of the panel are not known to be lifted ({said}): {remedy}")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            try:
                await self.set()
            except PanelError:  # a service that stands still for a moment; the lease is longer than a renewal
                continue

    async def _ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        import aiohttp

        data = None if body is None else orjson.dumps(body)
        headers = self._headers if data is None else {**self._headers, "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with self._session.request(
                method, self._base_url + path, data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                raw = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PanelError(f"no answer from {self._base_url} ({type(error).__name__})") from error
        try:
            return response.status, orjson.loads(raw)
        except orjson.JSONDecodeError:
            return response.status, raw[:200].decode("utf-8", "replace")


def in_force(state: Mapping[str, Any]) -> list[str]:
    """Return the names of the faults that a panel's state has in force, a lease of somebody else included."""
    named = [name for name, value in state.items() if name not in _SETTINGS and value]
    return named + (["lease"] if state.get("lease") is not None else [])
