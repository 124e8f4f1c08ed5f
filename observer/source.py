"""Where snapshots come from: what the two kinds of metrics source have in common, and how a failure explains itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit, urlunsplit

from loadgen.core.errors import InputError, LoadgenError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observer.snapshot import Snapshot

MAX_BODY_BYTES = 32 * 1024 * 1024
EXPOSITION, PROMETHEUS = "exposition", "prometheus"

_STATUS_HINTS = {
    401: "the credential is missing, wrong or expired: set METRICS_AUTH_HEADER to 'Name: value', or refresh the token",
    403: "this credential may not read the metrics: ask the service's owner for access, or refresh the token",
    404: "there is nothing at this path: METRICS_URL is the full address, such as http://host:port/metrics/prom",
    429: "the service limits how often it may be asked: raise the interval, or ask for a higher limit",
    503: "the service says that it is unavailable: is it starting, overloaded or behind a drained load balancer?",
}
TIMEOUT_HINT = (
    "the metrics endpoint does not answer in time: check the network path, a firewall, and the service's load"
)
CONNECT_HINT = "nobody accepts the connection: check host, port and network, and that the service runs"


class ObserverError(LoadgenError):
    """An observation that cannot go on: `reason` says what happened, `remedy` what to do; `str()` says both."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}\n  {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


class ScrapeError(Exception):
    """A scrape that gave no usable page: `str()` says what happened, `hint` what to do.

    `other`: the server answered, but something other than an exposition, so the address may be a Prometheus server.
    """

    def __init__(self, message: str, hint: str = "", *, other: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.other = other


def status_error(place: str, status: int) -> ScrapeError:
    """Return the error for an HTTP status other than 200."""
    hint = _STATUS_HINTS.get(status, "look at the address in a browser or with curl")
    return ScrapeError(f"{place} answered {status}", hint, other=status in (404, 405))


@dataclass(frozen=True, slots=True)
class Scraped:
    """One successful scrape of all endpoints.

    `at_ns` is its monotonic time, `snapshot.at_ns` the data's own time by whatever clock dates it; `data_ns` is the
    data's monotonic time where it is older than the scrape. `pages` holds (endpoint, text) as received. `synthetic`
    names the scenarios that were in force.
    """

    snapshot: Snapshot
    at_ns: int
    pages: tuple[tuple[str, str], ...] = ()
    bad_lines: int = 0
    notes: tuple[str, ...] = ()
    data_ns: int | None = None
    synthetic: frozenset[str] = frozenset()

    @property
    def known_ns(self) -> int:
        """The monotonic time up to which the service's counts are in it."""
        return self.at_ns if self.data_ns is None else self.data_ns


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the metrics: timeouts in ns; `header` is (name, value) or None and never logged."""

    urls: tuple[str, ...]
    header: tuple[str, str] | None = field(default=None, repr=False)
    ca_pem: str = field(default="", repr=False)
    verify_tls: bool = True

    @property
    def headers(self) -> Mapping[str, str]:
        return dict([self.header]) if self.header else {}


class Source(Protocol):
    """A source of snapshots; one scrape at a time.

    `interval_s` is how often the data itself is renewed where that is not at each scrape, else None.
    """

    mode: str
    interval_s: float | None

    async def scrape(self, timeout_ns: int, *, full: bool = True) -> Scraped:
        """Scrape every endpoint once; raise ScrapeError. `full` False: only what a probe needs."""
        ...

    async def close(self) -> None: ...


def parse_header(text: str) -> tuple[str, str] | None:
    """Read `Name: value`; None for an empty text; raise InputError, without the value, for anything else."""
    if not text.strip():
        return None
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not value.strip() or any(c.isspace() for c in name.strip()) or "\n" in value:
        raise InputError([Problem("METRICS_AUTH_HEADER", None, "must have the form 'Name: value'")])
    return name.strip(), value.strip()


def parse_urls(urls: list[str]) -> tuple[str, ...]:
    """Check metrics addresses: absolute http or https, each once; raise InputError with all problems."""
    problems = [
        Problem("METRICS_URL", shown(url), "must be an absolute http:// or https:// address")
        for url in urls
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname
    ]
    problems += [
        Problem("METRICS_URL", shown(url), "is given twice; it would be counted twice")
        for i, url in enumerate(urls)
        if url in urls[:i]
    ]
    if not urls:
        problems.append(Problem("METRICS_URL", None, "missing: give the address of the metrics"))
    if problems:
        raise InputError(problems)
    return tuple(urls)


def shown(url: str) -> str:
    """Return an address as it may be shown: without userinfo, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(not an address)"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
