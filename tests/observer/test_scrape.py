"""Scrapes over real sockets: what is asked, what is refused, and what the user is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from observer import fetch
from observer.binding import Binding
from observer.change import Change
from observer.scrape import ExpositionSource
from observer.source import Access, ScrapeError, parse_header, parse_urls, shown
from tests.support.metrics_server import hanging, packed, serving, text
from tests.support.observed import METASHEET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiohttp import web

    from observer.source import Scraped

S = 1_000_000_000
PAGE = '# TYPE http_requests_total counter\nhttp_requests_total{status="200"} 7\n'


async def scrape(*urls: str, header: str = "", timeout_ns: int = 5 * S) -> Scraped:
    source = ExpositionSource(Access(urls, parse_header(header)), Binding(METASHEET))
    try:
        return await source.scrape(timeout_ns)
    finally:
        await source.close()


def requests_of(scraped: Scraped) -> float | None:
    return Change(None, scraped.snapshot, METASHEET).part("requests", "total")


async def refused(answer: Callable[[web.Request], Awaitable[web.StreamResponse]], **how: object) -> ScrapeError:
    async with serving(answer) as server:
        with pytest.raises(ScrapeError) as caught:
            await scrape(server.url + "/metrics", **how)  # type: ignore[arg-type]
    return caught.value


async def test_an_exposition_is_scraped_and_kept_as_received() -> None:
    async with serving(text(PAGE)) as server:
        scraped = await scrape(server.url + "/metrics")
    assert requests_of(scraped) == 7
    assert scraped.pages == ((server.url + "/metrics", PAGE),)


async def test_it_asks_for_the_text_format_and_says_how_long_it_waits() -> None:
    async with serving(text(PAGE)) as server:
        await scrape(server.url + "/metrics", timeout_ns=2 * S)
    (headers,) = server.headers
    assert headers["Accept"] == "text/plain;version=0.0.4"
    assert headers["X-Prometheus-Scrape-Timeout-Seconds"] == "2"
    assert headers["Accept-Encoding"] == "identity"


async def test_every_scrape_is_a_new_connection() -> None:
    async with serving(text(PAGE)) as server:
        source = ExpositionSource(Access((server.url,)), Binding(METASHEET))
        for _ in range(3):
            await source.scrape(S)
        await source.close()
    assert len(server.peers) == 3


async def test_a_gzipped_page_is_read() -> None:
    async with serving(packed(PAGE)) as server:
        assert requests_of(await scrape(server.url)) == 7


async def test_the_auth_header_is_sent_as_given() -> None:
    async with serving(text(PAGE)) as server:
        await scrape(server.url, header="x-metrics-token: s3cr3t: with colon")
    assert server.headers[0]["x-metrics-token"] == "s3cr3t: with colon"


async def test_a_redirect_is_not_followed_with_the_header() -> None:
    async with (
        serving(text(PAGE)) as elsewhere,
        serving(text("", status=302, Location=elsewhere.url + "/m?x=1")) as server,
    ):
        with pytest.raises(ScrapeError, match=r"redirects \(302\)") as caught:
            await scrape(server.url, header="Authorization: Bearer s3cr3t")
    assert elsewhere.requests == 0
    assert caught.value.hint.endswith(f"set METRICS_URL to {elsewhere.url}/m")


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "set METRICS_AUTH_HEADER to 'Name: value', or refresh the token"),
        (403, "may not read the metrics"),
        (404, "METRICS_URL is the full address"),
        (429, "raise the interval"),
        (500, "look at the address"),
        (503, "says that it is unavailable"),
    ],
)
async def test_a_refusal_comes_with_a_hint(status: int, hint: str) -> None:
    error = await refused(text("no", status=status))
    assert str(error).endswith(f"/metrics answered {status}")
    assert hint in error.hint


@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
async def test_an_html_page_is_a_failed_scrape_that_says_so(content_type: str) -> None:
    error = await refused(text("<!doctype html><p>Please log in</p>", content_type=content_type))
    assert str(error).endswith("answered an HTML page")
    assert "perhaps a login" in error.hint


async def test_json_is_a_failed_scrape_that_says_so() -> None:
    error = await refused(text('{"status":"healthy"}', content_type="application/json"))
    assert "this is JSON: give the address of the text exposition" in error.hint


@pytest.mark.parametrize(
    ("body", "said"),
    [("", "the page is empty"), ("# only a comment\n", "no sample"), ("gar bage\n" * 9, "line 1 is 'gar bage'")],
)
async def test_a_page_without_any_sample_is_a_failed_scrape(body: str, said: str) -> None:
    assert said in str(await refused(text(body)))


async def test_a_bad_line_is_told_and_the_rest_counts() -> None:
    async with serving(text(PAGE + "gar bage here\n")) as server:
        scraped = await scrape(server.url + "/m")
    assert requests_of(scraped) == 7
    assert scraped.bad_lines == 1
    assert scraped.notes == (f"{server.url}/m, line 3 is not a sample: gar bage here",)


async def test_an_endpoint_that_hangs_fails_at_the_deadline() -> None:
    error = await refused(hanging, timeout_ns=S // 10)
    assert str(error).endswith("did not answer within 0.1 s")
    assert "does not answer in time" in error.hint


async def test_an_endpoint_that_nobody_serves_fails_with_a_hint() -> None:
    async with serving(text(PAGE)) as server:
        gone = server.url
    with pytest.raises(ScrapeError, match=r"Connect call failed|refused") as caught:
        await scrape(gone)
    assert "nobody accepts the connection" in caught.value.hint


async def test_a_page_beyond_the_cap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BODY_BYTES", 1024 * 1024)
    error = await refused(packed('a{x="1"} 1\n' * 200_000))
    assert str(error).endswith("the page is larger than 1 MiB")


@pytest.fixture
async def truncating() -> AsyncIterator[str]:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhttp_requests_total 7\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/metrics"


async def test_a_page_that_breaks_off_is_a_failed_scrape_and_not_half_a_page(truncating: str) -> None:
    with pytest.raises(ScrapeError, match="the answer broke off or is not HTTP"):
        await scrape(truncating)


async def test_several_endpoints_are_scraped_together_and_summed() -> None:
    async with serving(text(PAGE)) as one, serving(text(PAGE)) as other:
        scraped = await scrape(one.url, other.url)
    assert requests_of(scraped) == 14
    assert [place for place, _ in scraped.pages] == [one.url, other.url]


async def test_when_one_of_several_fails_the_scrape_fails_and_names_it() -> None:
    async with serving(text(PAGE)) as one, serving(text("", status=401)) as other:
        with pytest.raises(ScrapeError, match=f"{other.url} answered 401"):
            await scrape(one.url, other.url)


@pytest.mark.parametrize("bad", ["no colon", ": value", "Na me: value", "Name:", "Name: a\nInjected: b"])
def test_a_header_that_is_none_is_refused_without_its_value(bad: str) -> None:
    with pytest.raises(InputError, match="METRICS_AUTH_HEADER: must have the form 'Name: value'"):
        parse_header(bad)


def test_no_header_is_no_header() -> None:
    assert parse_header("  ") is None


def test_addresses_are_checked_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_urls(["ftp://a/m", "http://b/m", "http://b/m", "/metrics"])
    assert [problem.value for problem in caught.value.problems] == ["ftp://a/m", "/metrics", "http://b/m"]
    with pytest.raises(InputError, match="give the address of the metrics"):
        parse_urls([])


def test_an_address_is_shown_without_userinfo_and_query() -> None:
    assert shown("http://user:pass@host:1/m?token=1#f") == "http://host:1/m"


def test_access_does_not_show_its_header() -> None:
    assert "s3cr3t" not in repr(Access(("http://a",), ("Authorization", "s3cr3t")))
