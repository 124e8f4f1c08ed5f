"""A Prometheus Pushgateway as a sink.

Laws: one scenario is one group, `job` and `instance`, and keeps it from the first push to the last, since a rate needs
a series that goes on; a push replaces the whole group; the group is deleted at the end, because a Pushgateway never
forgets one by itself. The client library's own push blocks the loop, so this is plain HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import orjson

from loadgen.core.clock import SystemClock
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.sink import SinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.clock import Clock

TIMEOUT_S = 5.0
_LONGEST_ANSWER = 300
_TENTH_NS = NS_PER_S // 10
_TYPE = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


class Pushgateway:
    """One group of a Pushgateway; `fresh_ns` is how young a push by somebody else must be to be in use."""

    labels: Mapping[str, str] = {}

    def __init__(self, url: str, job: str, instance: str, fresh_ns: int, clock: Clock | None = None) -> None:
        self._base = url.rstrip("/")
        self._group = {"job": job, "instance": instance}
        self._address = f"{self._base}/metrics/job/{quote(job, safe='')}/instance/{quote(instance, safe='')}"
        self._fresh_ns = fresh_ns
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None
        self._ours = False

    def __repr__(self) -> str:
        return f"<Pushgateway {self.place}>"

    @property
    def place(self) -> str:
        return f"the Pushgateway at {_without_password(self._base)}"

    @property
    def remedy(self) -> str:
        return f"curl -X DELETE {_without_password(self._address)}"

    async def begin(self) -> None:
        """Check that the gateway answers and that nobody else pushes this group just now; raise SinkError."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        text = await self._ask("GET", f"{self._base}/api/v1/metrics")
        try:
            groups = orjson.loads(text)["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise SinkError(f"{self.place} is none: /api/v1/metrics is no answer of one", final=True) from error
        age_ns = self._age_ns(groups)
        if age_ns is not None and age_ns < self._fresh_ns:
            raise SinkError(
                f"{self.place} got {_shown(self._group)} from somebody else"
                f" {format_duration(age_ns // _TENTH_NS * _TENTH_NS)} ago:"
                " end that driver, or name another --instance",
                final=True,
            )

    async def push(self, page: bytes) -> None:
        self._ours = True
        await self._ask("PUT", self._address, page)

    async def fall_silent(self) -> None:
        """Do nothing: what was pushed last stands there unchanged until it is deleted."""

    async def end(self) -> None:
        """Delete the group, if it is ours; raise SinkError when that did not work."""
        if self._ours:
            await self._ask("DELETE", self._address)
            self._ours = False

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    def _age_ns(self, groups: list[Any]) -> int | None:
        """Return how long ago this group was pushed; None when it is not there."""
        for group in groups:
            if group.get("labels") == self._group:
                pushed = group.get("push_time_seconds", {}).get("metrics") or [{"value": "0"}]
                return round((self._clock.utc_now().timestamp() - float(pushed[0]["value"])) * NS_PER_S)
        return None

    async def _ask(self, method: str, address: str, body: bytes | None = None) -> str:
        """Make one request and return the text of a 2xx; raise SinkError, a final one for a 4xx."""
        assert self._session is not None, "begin() comes first"
        try:
            async with self._session.request(
                method, address, data=body, headers=_TYPE if body is not None else None, allow_redirects=False
            ) as answer:
                text, status = await answer.text(errors="replace"), answer.status
        except TimeoutError as error:
            raise SinkError(f"{self.place} gave no answer within {TIMEOUT_S:g} s") from error
        except aiohttp.ClientError as error:
            raise SinkError(f"{self.place} cannot be reached: {type(error).__name__}") from error
        if 200 <= status < 300:
            return text
        told = " ".join(text.split())[:_LONGEST_ANSWER]
        raise SinkError(f"{self.place} answered {method} with {status}: {told}", final=status < 500 and status != 429)


def _shown(group: Mapping[str, str]) -> str:
    return ", ".join(f'{label}="{value}"' for label, value in group.items())


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
