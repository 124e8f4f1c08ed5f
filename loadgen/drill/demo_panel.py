"""The demo service as a sink: its fault panel for the same over HTTP, its board of synthetic series for the rules.

Laws: nothing but a demo service is touched, and none in which something is in force already; faults and series stand
under the panel's lease, so that they go even when the drill is killed.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import orjson

from loadgen.drill.panel import NotLiftedError, Panel, PanelError, in_force
from loadgen.drill.sink import SinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.drill.scenario import Scenario

TIMEOUT_S = 5.0
_PANEL, _BOARD = "/internal/fault", "/internal/synthetic"
_TOKEN_HEADER = "x-internal-token"  # noqa: S105 - the name of a header


class DemoPanel:
    """The panel and the board of one demo service; `token` is its INTERNAL_API_TOKEN, where it has one."""

    def __init__(self, url: str, scenario: Scenario, labels: Mapping[str, str], token: str | None = None) -> None:
        self._base = url.rstrip("/")
        self._scenario = scenario
        self._headers = {_TOKEN_HEADER: token} if token else {}
        self._session: aiohttp.ClientSession | None = None
        self._panel: Panel | None = None
        self._lease = AsyncExitStack()
        self._ours = False
        self.labels = labels

    def __repr__(self) -> str:
        return f"<DemoPanel {self._base}>"

    @property
    def place(self) -> str:
        return f"the demo service at {self._base}"

    @property
    def remedy(self) -> str:
        return f"curl -X DELETE {self._base}{_PANEL} {self._base}{_BOARD}"

    async def begin(self) -> None:
        """Check that it is a demo service that is well, and set the faults unless they come later; raise SinkError."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers=self._headers)
        self._panel = Panel(self._session, self._base, {})
        if not self._ours:
            await self._check(self._panel)
        self._ours = True
        await self._set({} if self._scenario.stalls else self._scenario.faults)
        await self._lease.enter_async_context(self._panel.held())

    async def _check(self, panel: Panel) -> None:
        """Make sure that it is a demo service in which nothing is in force; raise SinkError."""
        state = await panel.state()
        if state is None:
            await self._ask("GET", _PANEL)
            raise SinkError(f"{self.place} is no demo service: it has no fault panel", final=True)
        playing = orjson.loads(await self._ask("GET", _BOARD))["scenario"]
        if playing:
            raise SinkError(f"{self.place} already plays {playing}: end that drill first", final=True)
        if names := in_force(state):
            text = f"{self.place} has faults in force already ({', '.join(names)}): is another drill under way?"
            raise SinkError(f"{text} Else lift them with {self.remedy}", final=True)

    async def push(self, page: bytes) -> None:
        await self._ask("PUT", _BOARD, page)

    async def fall_silent(self) -> None:
        """Set the faults that belong to the silence."""
        await self._set(self._scenario.faults)

    async def end(self) -> None:
        """Lift the faults and take the series away, if they are ours; raise SinkError when that did not work."""
        if not self._ours or self._panel is None:
            return
        await self._lease.aclose()
        try:
            await self._panel.lift()
        except NotLiftedError as error:
            raise SinkError(str(error), final=True) from error
        await self._ask("DELETE", _BOARD)
        self._ours = False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._lease.aclose()
        if self._session is not None:
            await self._session.close()

    async def _set(self, faults: Mapping[str, object]) -> None:
        """Set faults under the lease; raise SinkError."""
        assert self._panel is not None, "begin() comes first"
        try:
            await self._panel.set(**faults)
        except PanelError as error:
            raise SinkError(f"{self.place}: {error}") from error

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Make one request and return the body of a 2xx; raise SinkError, a final one for a 4xx."""
        assert self._session is not None, "begin() comes first"
        try:
            async with self._session.request(method, self._base + path, data=body, allow_redirects=False) as answer:
                raw, status = await answer.read(), answer.status
        except TimeoutError as error:
            raise SinkError(f"{self.place} gave no answer within {TIMEOUT_S:g} s") from error
        except aiohttp.ClientError as error:
            raise SinkError(f"{self.place} cannot be reached: {type(error).__name__}") from error
        if 200 <= status < 300:
            return raw
        if status == 404:
            raise SinkError(f"{self.place} is no demo service: it has no {path}", final=True)
        told = raw[:200].decode(errors="replace")
        raise SinkError(f"{self.place} answered {method} {path} with {status}: {told}", final=status < 500)
