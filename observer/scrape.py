"""Scrape exposition endpoints: fetch all at once, parse each, account each, sum.

Laws: the page of one endpoint never touches the account of another; a page without a single sample is a failed scrape
that says what the page seems to be; when one endpoint fails the whole scrape fails, since a sum of the rest would lie.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loadgen.core.synthetic import scenarios_on
from observer.exposition import SeriesCache
from observer.fetch import Body, Fetcher
from observer.series import EndpointAccount, EndpointState
from observer.snapshot import combine
from observer.source import EXPOSITION, Access, Scraped, ScrapeError, shown

if TYPE_CHECKING:
    from observer.binding import Binding
    from observer.exposition import Page


class Endpoint:
    """One exposition address: its series cache and its account."""

    def __init__(self, url: str, binding: Binding) -> None:
        self.url = url
        self.place = shown(url)
        self._cache = SeriesCache(binding.wants)
        self._account = EndpointAccount(binding, self._cache.series)

    def __repr__(self) -> str:
        return f"<Endpoint {self.place} {self._cache!r}>"

    def read(self, body: Body) -> tuple[EndpointState, Page]:
        """Parse and account a body; raise ScrapeError when it holds no metrics."""
        if _is_html(body):
            hint = "METRICS_URL leads to a web page, perhaps a login: give the address of the text exposition"
            raise ScrapeError(f"{self.place} answered an HTML page", hint, other=True)
        page = self._cache.parse(body.text)
        if not page.samples:
            raise ScrapeError(f"{self.place}: {_first_problem(page, body)}", _no_sample_hint(body), other=True)
        return self._account.take(page), page


class ExpositionSource:
    """Scrapes one or several exposition endpoints."""

    mode = EXPOSITION
    interval_s: float | None = None

    def __init__(self, access: Access, binding: Binding) -> None:
        self._fetcher = Fetcher(access)
        self._endpoints = [Endpoint(url, binding) for url in access.urls]

    def __repr__(self) -> str:
        return f"<ExpositionSource {self._endpoints!r}>"

    async def scrape(self, timeout_ns: int, *, full: bool = True) -> Scraped:
        """Scrape every endpoint once; raise ScrapeError naming each that failed. `full` makes no difference here."""
        results = await asyncio.gather(
            *(self._fetcher.get(endpoint.url, timeout_ns) for endpoint in self._endpoints), return_exceptions=True
        )
        states: list[EndpointState] = []
        failures: list[ScrapeError] = []
        bad_lines, notes, at_ns = 0, [], 0
        for endpoint, result in zip(self._endpoints, results, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, ScrapeError):
                raise result
            try:
                if isinstance(result, ScrapeError):
                    raise result
                state, page = endpoint.read(result)
            except ScrapeError as error:
                failures.append(error)
                continue
            states.append(state)
            at_ns = max(at_ns, result.at_ns)
            bad_lines += page.bad
            notes += [f"{endpoint.place}, line {number} is not a sample: {text}" for number, text in page.bad_lines]
        if failures:
            raise _joined(failures)
        pages = tuple(
            (endpoint.place, body.text)
            for endpoint, body in zip(self._endpoints, results, strict=True)
            if isinstance(body, Body)
        )
        snapshot = combine(states, at_ns)
        synthetic = frozenset(name for _, text in pages for name in scenarios_on(text))
        return Scraped(snapshot, at_ns, pages, bad_lines, (*snapshot.notes, *notes), synthetic=synthetic)

    async def close(self) -> None:
        await self._fetcher.close()


def _joined(failures: list[ScrapeError]) -> ScrapeError:
    hints = "; ".join(dict.fromkeys(failure.hint for failure in failures if failure.hint))
    return ScrapeError("; ".join(map(str, failures)), hints, other=all(failure.other for failure in failures))


def _is_html(body: Body) -> bool:
    return body.content_type in ("text/html", "application/xhtml+xml") or body.text.lstrip()[:1] == "<"


def _first_problem(page: Page, body: Body) -> str:
    if not body.text.strip():
        return "the page is empty"
    if page.bad_lines:
        number, text = page.bad_lines[0]
        return f"no sample in the page; line {number} is {text!r}"
    return "no sample in the page"


def _no_sample_hint(body: Body) -> str:
    if body.text.lstrip()[:1] in ("{", "["):
        return "this is JSON: give the address of the text exposition, often /metrics/prom or /metrics"
    return "the page must be Prometheus text format: give the address of the exposition"
