"""HTTP for scrapes: one new connection a request, no redirect followed, a bounded body, errors that explain themselves.

A new connection each time lets several processes behind one address show themselves, as they would to any client.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S
from observer.source import CONNECT_HINT, MAX_BODY_BYTES, TIMEOUT_HINT, Access, ScrapeError, shown, status_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

_CHUNK = 256 * 1024
_JSON_ERRORS = (400, 422, 503)
"""Statuses with which the HTTP API of Prometheus explains in JSON why a query failed."""


@dataclass(frozen=True, slots=True)
class Body:
    """An answer that can be read: its text, its content type and the monotonic time of its first byte."""

    text: str
    content_type: str
    at_ns: int


class Fetcher:
    """Fetches pages; opened lazily inside the running loop, closed with `close`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, timeout_ns: int) -> Body:
        """GET an exposition; raise ScrapeError."""
        accept = {"Accept": "text/plain;version=0.0.4", "X-Prometheus-Scrape-Timeout-Seconds": f"{timeout_ns / 1e9:g}"}
        return await self._request("GET", url, timeout_ns, accept, None)

    async def post(self, url: str, form: Mapping[str, str], timeout_ns: int) -> Body:
        """POST a form and take JSON; raise ScrapeError."""
        return await self._request("POST", url, timeout_ns, {"Accept": "application/json"}, form)

    async def get_json(self, url: str, timeout_ns: int) -> Body:
        """GET JSON; raise ScrapeError."""
        return await self._request("GET", url, timeout_ns, {"Accept": "application/json"}, None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _request(
        self, method: str, url: str, timeout_ns: int, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> Body:
        place = shown(url)
        encoding = {"Accept-Encoding": "identity" if is_loopback(url) else "gzip"}
        try:
            async with (
                asyncio.timeout(timeout_ns / NS_PER_S),
                self._open().request(
                    method, url, data=form, headers={**headers, **encoding}, allow_redirects=False
                ) as response,
            ):
                return await self._read(place, response)
        except TimeoutError as error:
            raise ScrapeError(f"{place} did not answer within {timeout_ns / NS_PER_S:g} s", TIMEOUT_HINT) from error
        except aiohttp.InvalidURL as error:
            raise ScrapeError(f"{place} is not an address", "METRICS_URL must be an absolute address") from error
        except aiohttp.ClientConnectorError as error:
            raise ScrapeError(f"{place}: {_cause(error)}", CONNECT_HINT) from error
        except (aiohttp.ClientError, OSError) as error:
            text = f"{place}: the answer broke off or is not HTTP ({type(error).__name__})"
            raise ScrapeError(text, "look at the address with curl") from error

    async def _read(self, place: str, response: aiohttp.ClientResponse) -> Body:
        at_ns = monotonic_ns()
        if 300 <= response.status < 400:
            target = shown(response.headers.get("Location", ""))
            hint = f"a redirect is not followed, so that no credential goes astray: set METRICS_URL to {target}"
            raise ScrapeError(f"{place} redirects ({response.status})", hint, other=True)
        if response.status != 200 and not (response.status in _JSON_ERRORS and _is_json(response)):
            raise status_error(place, response.status)
        data = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > MAX_BODY_BYTES:
                size = MAX_BODY_BYTES // 1024 // 1024
                raise ScrapeError(f"{place}: the page is larger than {size} MiB", "lower its number of series")
        return Body(data.decode("utf-8", "replace").lstrip("\ufeff"), response.content_type, at_ns)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=self._tls()),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "loadgen-observer", **self._access.headers},
                timeout=aiohttp.ClientTimeout(),
            )
        return self._session

    def _tls(self) -> SSLContext | bool:
        if not self._access.verify_tls:
            return False
        if not self._access.ca_pem:
            return True
        import ssl

        return ssl.create_default_context(cadata=self._access.ca_pem)


def _is_json(response: aiohttp.ClientResponse) -> bool:
    return response.method == "POST" and response.content_type == "application/json"


def is_loopback(url: str) -> bool:
    """Say whether an address is on this machine by its text; names other than localhost are not looked up."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cause(error: OSError) -> str:
    return error.strerror or type(error).__name__
