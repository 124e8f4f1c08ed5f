"""Looks at which alerts of one job fire at a Prometheus server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.prom_api import read_access

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIMEOUT_S = 5.0


class LookoutError(LoadgenError):
    """The server cannot be asked, or has not the rules."""


class Lookout:
    """The alerts with the label `job` at a Prometheus base URL; `header` is `Name: value`, empty for none."""

    def __init__(self, url: str, job: str, header: str = "") -> None:
        self._access = read_access(url, header)
        self._job = job

    def __repr__(self) -> str:
        return f"<Lookout {self._access.url}, job {self._job}>"

    async def check(self, names: Iterable[str]) -> frozenset[str]:
        """Make sure that the server has these alerting rules and that none of them fires; return what else does."""
        groups = (await self._ask("rules?type=alert")).get("groups", [])
        known = {rule.get("name") for group in groups for rule in group.get("rules", [])}
        missing = sorted(set(names) - known)
        if missing:
            raise LookoutError(
                f"the Prometheus at {self._access.url} has no rule {', '.join(missing)}: load them first"
            )
        firing = await self.firing()
        already = sorted(firing & set(names))
        if already:
            raise LookoutError(f"{', '.join(already)} fires already for job {self._job}: it could prove nothing")
        return firing

    async def firing(self) -> frozenset[str]:
        """Return the names of the alerts of this job that fire now; raise LookoutError."""
        return frozenset(self._names((await self._ask("alerts")).get("alerts", [])))

    def _names(self, alerts: Iterable[dict[str, Any]]) -> Iterator[str]:
        for alert in alerts:
            labels = alert.get("labels", {})
            if alert.get("state") == "firing" and labels.get("job") == self._job:
                yield str(labels.get("alertname"))

    async def _ask(self, what: str) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._access.headers) as session,
                session.get(f"{self._access.url}/api/v1/{what}", allow_redirects=False) as answer,
            ):
                raw, status = await answer.read(), answer.status
        except (TimeoutError, aiohttp.ClientError) as error:
            raise LookoutError(
                f"the Prometheus at {self._access.url} does not answer ({type(error).__name__})"
            ) from error
        try:
            document = orjson.loads(raw)
            data: dict[str, Any] = document["data"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise LookoutError(f"{self._access.url} does not answer as a Prometheus does (status {status})") from error
        return data
