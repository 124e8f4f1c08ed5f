"""The demo service as a sink: its fault panel for the same over HTTP, its board of synthetic series for the rules.

Laws: nothing but a demo service is touched; only the faults of the scenario are changed, and they get their former
values back at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

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
        self._before: dict[str, Any] | None = None
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
        """Check that it is a demo service, and set the faults unless they come later; raise SinkError."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, headers=self._headers)
        state = await self._ask("GET", _PANEL)
        if not isinstance(state, dict) or "error_share" not in state:
            raise SinkError(f"{self.place} is no demo service: it has no fault panel", final=True)
        standing = await self._ask("GET", _BOARD)
        if standing["scenario"]:
            raise SinkError(
                f"{self.place} already plays {standing['scenario']}: end that driver first, or lift it with"
                f" {self.remedy}",
                final=True,
            )
        if self._before is None:
            self._before = {name: state[name] for name in self._scenario.faults}
        if not self._scenario.stalls:
            await self._set(self._scenario.faults)

    async def push(self, page: bytes) -> None:
        self._ours = True
        await self._ask("PUT", _BOARD, page)

    async def fall_silent(self) -> None:
        """Set the faults that belong to the silence."""
        await self._set(self._scenario.faults)

    async def end(self) -> None:
        """Give the faults their former values and take the series away; raise SinkError when that did not work."""
        if self._before is not None:
            await self._set(self._before)
            self._before = None
        if self._ours:
            await self._ask("DELETE", _BOARD)
            self._ours = False

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    async def _set(self, faults: Mapping[str, Any]) -> None:
        if faults:
            await self._ask("PUT", _PANEL, orjson.dumps(faults))

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """Make one request and return the JSON of a 2xx; raise SinkError, a final one for a 4xx."""
        assert self._session is not None, "begin() comes first"
        try:
            async with self._session.request(method, self._base + path, data=body, allow_redirects=False) as answer:
                text, status = await answer.text(errors="replace"), answer.status
        except TimeoutError as error:
            raise SinkError(f"{self.place} gave no answer within {TIMEOUT_S:g} s") from error
        except aiohttp.ClientError as error:
            raise SinkError(f"{self.place} cannot be reached: {type(error).__name__}") from error
        if status == 404:
            raise SinkError(f"{self.place} is no demo service: it has no {path}", final=True)
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise SinkError(f"{self.place} is no demo service: {path} is no JSON", final=True) from error
        if 200 <= status < 300:
            return found
        raise SinkError(f"{self.place} answered {method} {path} with {status}: {found}", final=status < 500)
