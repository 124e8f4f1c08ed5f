"""Prometheus mode, over a small fake of the HTTP API."""

from __future__ import annotations

import pytest

from loadgen.core.clock import monotonic_ns
from observer.binding import Binding
from observer.change import Change
from observer.columns import Reading, make_row
from observer.detect import open_source
from observer.prom_source import PrometheusSource
from observer.source import Access, Scraped, ScrapeError
from tests.support.metrics_server import FakePrometheus, Samples, serving, text
from tests.support.observed import METASHEET

S = 1_000_000_000
A, B = ("api", "a:80"), ("api", "b:80")


def series(requests: float, errors: float = 0, start: float = 1000) -> Samples:
    bucket, le = "http_server_requests_seconds_bucket", "le"
    return {
        ("http_requests_total", (("method", "GET"), ("status", "200"))): requests - errors,
        ("http_requests_total", (("method", "POST"), ("status", "500"))): errors,
        (bucket, ((le, "0.1"), ("route", "/a"))): requests / 2,
        (bucket, ((le, "+Inf"), ("route", "/a"))): requests / 2,
        (bucket, ((le, "0.1"), ("route", "/b"))): 0.0,
        (bucket, ((le, "+Inf"), ("route", "/b"))): requests / 2,
        ("process_start_time_seconds", ()): start,
        ("process_resident_memory_bytes", ()): 100.0 * 2**20,
        ("process_cpu_seconds_total", ()): requests / 100,
    }


def fake(**of: Samples) -> FakePrometheus:
    samples = {{"a": A, "b": B}[name]: chosen for name, chosen in of.items()}
    return FakePrometheus(samples, up=dict.fromkeys(samples, 1))


async def both(prometheus: FakePrometheus, then: FakePrometheus) -> tuple[Scraped, Scraped]:
    """Return a scrape of one state and one of another, thirty seconds later."""
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        first = await source.scrape(5 * S)
        prometheus.samples, prometheus.up = then.samples, then.up
        prometheus.now_s += 30
        second = await source.scrape(5 * S)
        await source.close()
    return first, second


def row_of(first: Scraped, second: Scraped) -> dict[str, str]:
    return make_row(Reading(METASHEET), first.snapshot, first.snapshot, second.snapshot, "t", 1)


async def test_a_prometheus_base_url_is_detected() -> None:
    async with serving(fake(a=series(100)).answer) as server:
        source, scraped = await open_source(Access((server.url + "/",)), Binding(METASHEET), 5 * S)
        await source.close()
    assert (source.mode, source.interval_s) == ("prometheus", 15.0)
    assert Change(None, scraped.snapshot, METASHEET).part("requests", "total") == 100


async def test_the_data_is_as_old_as_the_instance_that_was_scraped_the_longest_ago() -> None:
    prometheus = fake(a=series(100))
    prometheus.age_s = 4.0
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        before_ns = monotonic_ns()
        scraped = await source.scrape(5 * S)
        after_ns = monotonic_ns()
        await source.close()
    assert before_ns - 4 * S <= scraped.known_ns <= after_ns - 4 * S
    assert scraped.at_ns >= before_ns


async def test_an_exposition_url_is_detected() -> None:
    async with serving(text("http_requests_total 1\n")) as server:
        source, _ = await open_source(Access((server.url,)), Binding(METASHEET), 5 * S)
        await source.close()
    assert source.mode == "exposition"


async def test_what_is_neither_fails_with_the_story_of_the_exposition() -> None:
    async with serving(text("<html>", content_type="text/html")) as server:
        with pytest.raises(ScrapeError, match="answered an HTML page"):
            await open_source(Access((server.url,)), Binding(METASHEET), 5 * S)


async def test_a_row_has_the_same_figures_as_from_an_exposition() -> None:
    row = row_of(*await both(fake(a=series(1000, 10)), fake(a=series(3400, 34))))
    assert (row["request_rate"], row["http_success_rate"], row["error_rate_5xx"]) == ("80", "0.99", "0.01")
    assert (row["p50_latency"], row["p95_latency"]) == ("0.1", "0.1")
    assert (row["cpu_percent"], row["rss_mb"]) == ("80", "100")


async def test_differences_are_taken_per_instance_so_that_a_restart_of_one_shows() -> None:
    first, second = await both(fake(a=series(1000), b=series(5000)), fake(a=series(1100), b=series(40, start=2000)))
    assert row_of(first, second)["request_rate"] == format((100 + 40) / 30, ".6g")
    assert second.snapshot.restarts == 1


async def test_an_instance_that_goes_away_keeps_what_it_had_counted() -> None:
    first, second = await both(fake(a=series(1000), b=series(5000)), fake(a=series(1300)))
    assert row_of(first, second)["request_rate"] == "10"


async def test_the_servers_own_time_divides_and_dates_the_data() -> None:
    first, second = await both(fake(a=series(0)), fake(a=series(600)))
    assert second.snapshot.at_ns - first.snapshot.at_ns == 30 * S


async def test_data_is_asked_for_at_the_time_of_the_newest_sample() -> None:
    prometheus = fake(a=series(0))
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        scraped = await source.scrape(5 * S)
        await source.close()
    assert scraped.snapshot.at_ns == round((prometheus.now_s - 3.0) * S)
    assert any(query.startswith("sum by (__name__, job, instance, ") for query in prometheus.queries)


async def test_a_sample_older_than_two_scrape_intervals_is_a_failed_scrape() -> None:
    prometheus = fake(a=series(100))
    prometheus.age_s = 31.0
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        with pytest.raises(
            ScrapeError, match=r"the newest sample is 31\.0 s old, more than 2 scrape intervals \(30 s\)"
        ):
            await source.scrape(5 * S)
        prometheus.age_s = 29.0
        await source.scrape(5 * S)
        await source.close()


async def test_an_instance_that_is_down_is_a_failed_scrape() -> None:
    prometheus = fake(a=series(100), b=series(100))
    prometheus.up[B] = 0
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        with pytest.raises(ScrapeError, match=r"cannot scrape b:80 \(up is 0\)"):
            await source.scrape(5 * S)
        await source.close()


async def test_several_jobs_are_refused_and_one_can_be_named() -> None:
    prometheus = FakePrometheus({("api", "a:80"): series(100), ("shop", "s:80"): series(900)})
    prometheus.up = dict.fromkeys(prometheus.samples, 1)
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        with pytest.raises(ScrapeError, match=r"of several jobs \(api, shop\)") as caught:
            await source.scrape(5 * S)
        assert caught.value.hint == f"name one in METRICS_URL: {server.url}?job=api"
        await source.close()
        named = PrometheusSource(Access((server.url + "/?job=shop",)), Binding(METASHEET))
        scraped = await named.scrape(5 * S)
        await named.close()
    assert Change(None, scraped.snapshot, METASHEET).part("requests", "total") == 900


async def test_a_scenario_in_force_is_seen_whatever_job_the_service_has() -> None:
    prometheus = fake(a=series(100))
    made_up = ("loadgen_synth", "error-rate-crit")
    gauge = ("loadgen_synthetic_scenario", (("scenario", "error-rate-crit"), ("synthetic", "true")))
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url + "/?job=api",)), Binding(METASHEET))
        before = await source.scrape(5 * S)
        prometheus.samples[made_up] = {gauge: 1.0}
        probe = await source.scrape(5 * S, full=False)
        prometheus.samples[made_up] = {gauge: 0.0}
        after = await source.scrape(5 * S)
        await source.close()
    assert [scraped.synthetic for scraped in (before, probe, after)] == [set(), {"error-rate-crit"}, set()]


async def test_a_server_without_such_metrics_says_what_to_do() -> None:
    async with serving(FakePrometheus({}).answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        with pytest.raises(ScrapeError, match="has no series of the metric profile") as caught:
            await source.scrape(5 * S)
        await source.close()
    assert "?job=NAME" in caught.value.hint


async def test_a_family_without_samples_is_zero_where_the_server_tells_of_it_and_na_elsewhere() -> None:
    one, two = fake(a=series(1000)), fake(a=series(1300))
    one.declared = {"metasheet_fallback_total": "counter"}
    row = row_of(*await both(one, two))
    assert (row["raw_fallback_ratio"], row["effective_fallback_ratio"]) == ("0", "0")
    assert row["cache_hit_rate"] == "NA"


async def test_a_probe_asks_for_less_than_a_sample() -> None:
    prometheus = fake(a=series(1000))
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        await source.scrape(5 * S)
        full = len(prometheus.queries)
        prometheus.samples = fake(a=series(1500)).samples
        probe = await source.scrape(5 * S, full=False)
        await source.close()
    assert len(prometheus.queries) - full < full
    assert not any("_bucket" in query for query in prometheus.queries[full:] if query.startswith("sum"))
    assert Change(None, probe.snapshot, METASHEET).part("requests", "total") == 1500


async def test_a_refused_query_is_told_in_the_servers_words() -> None:
    async def answer(request: object) -> object:
        from aiohttp import web

        return web.json_response({"status": "error", "error": "query timed out"}, status=503)

    async with serving(answer) as server:  # type: ignore[arg-type]
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        with pytest.raises(ScrapeError, match="refused a query: query timed out"):
            await source.scrape(5 * S)
        await source.close()


async def test_raw_text_holds_what_the_server_answered() -> None:
    first, _ = await both(fake(a=series(7)), fake(a=series(7)))
    ((_, raw),) = first.pages
    assert 'http_requests_total{job="api",instance="a:80",status="200"} 7.0 1699999997000\n' in raw


async def test_an_instance_first_seen_by_a_probe_does_not_count_its_past() -> None:
    prometheus = fake(a=series(1000))
    async with serving(prometheus.answer) as server:
        source = PrometheusSource(Access((server.url,)), Binding(METASHEET))
        first = await source.scrape(5 * S)
        prometheus.samples[B] = series(5000)
        await source.scrape(5 * S, full=False)
        prometheus.samples[B] = series(5010)
        second = await source.scrape(5 * S)
        await source.close()
    change = Change(first.snapshot, second.snapshot, METASHEET)
    assert change.part("requests", "total") == 10
    assert change.part("cpu", "total") == 0


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_service_that_refuses_is_not_asked_as_a_prometheus_server(status: int) -> None:
    async with serving(text("", status=status)) as server:
        with pytest.raises(ScrapeError, match=f"answered {status}"):
            await open_source(Access((server.url,)), Binding(METASHEET), 5 * S)
    assert server.requests == 1
