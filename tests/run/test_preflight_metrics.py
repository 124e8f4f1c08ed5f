"""What the observer says about the metrics decides what is armed and whether a run may start."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from loadgen.core.units import NS_PER_S
from loadgen.plan.model import Kind, Plan
from loadgen.run.preflight_breaker import arming_checks, idle_checks, idle_judgement, idle_ns, unarmed_inputs
from loadgen.run.preflight_metrics import Page, observe_once, page_checks, read_page, read_pages
from tests.support.checks import FakeObserver, good_page, lines, planned, serving
from tests.support.servers import make_certificate, server_context

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:9/metrics/prom"
EXPOSITION = """# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 10
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1000000
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000
"""


def plan_of(profile: str | None = None, **flags: object) -> Plan:
    return planned(flags, profile=profile)[1]


async def test_a_page_that_cannot_be_read_is_named_without_the_values_of_its_query() -> None:
    (page,) = await read_pages(plan_of(metrics_url=("http://127.0.0.1:9/m?t=hunter22",)), observe_once)
    (check,) = page_checks(plan_of(), (page,))
    assert check.name == "metrics http://127.0.0.1:9/m?t=***"
    assert "hunter22" not in check.message


def test_the_observers_json_is_read_and_what_is_missing_is_empty() -> None:
    document = json.loads(
        '{"ok": true, "mode": "exposition", "metrics": {"requests": "r_total", "cpu": ""}, "missing": ["cpu"],'
        ' "mandatory": ["success"], "scrape_interval_s": 15, "window": {"requests": 3, "fallback": {}, "cpu_s": null}}'
    )
    assert read_page(URL, document) == Page(
        URL, True, "exposition", "", "", {"requests": "r_total", "cpu": ""}, ("cpu",), ("success",), False, 15.0,
        {"requests": 3.0, "fallback": None, "cpu_s": None},
    )  # fmt: skip
    assert read_page(URL, {}) == Page(URL, False)
    assert read_page(URL, []) == Page(URL, False, error="the observer's answer is not an object")


def test_a_good_page_passes_and_a_mandatory_metric_that_is_missing_is_a_warning() -> None:
    page = replace(good_page(URL), missing=("cache", "cache_hit"))
    assert lines(page_checks(plan_of(), (page,))) == [
        f"PASS metrics {URL}: exposition: 4 metrics; missing: cache, cache_hit",
        "WARN mandatory metrics: missing: cache_hit; without them the verdict will be INCOMPLETE",
    ]
    assert lines(page_checks(plan_of(), (page, good_page("http://b/"))))[2] == "PASS mandatory metrics: all there"


def test_a_page_that_cannot_be_used_fails_with_the_observers_hint() -> None:
    bad = Page(URL, False, error="401 Unauthorized", hint="give METRICS_AUTH_HEADER")
    several = Page(
        URL, False, error="several processes answer behind one URL", hint="list them", several_processes=True
    )
    empty = Page(URL, True, "exposition", metrics={"requests": ""})
    assert lines(page_checks(plan_of(), (bad, several, empty)))[:3] == [
        f"FAIL metrics {URL}: 401 Unauthorized: give METRICS_AUTH_HEADER",
        f"FAIL metrics {URL}: several processes answer behind one URL: list them",
        f"FAIL metrics {URL}: exposition: none of the profile's metrics is there: "
        "choose the profile that names this service's metrics with --metric-profile",
    ]


def test_a_run_without_an_observer_has_no_metrics() -> None:
    _, plan = planned(kind=Kind.RUN)
    assert lines(page_checks(plan, ())) == ["SKIP metrics: this run has no observer"]


async def test_every_url_is_asked_by_itself_and_often_enough_to_tell_processes_apart() -> None:
    observer = FakeObserver()
    plan = plan_of(metrics_url=("http://a/m", "http://b/m"))
    pages = await read_pages(plan, observer)
    assert [page.url for page in pages] == ["http://a/m", "http://b/m"]
    assert observer.asked == [(("http://a/m",), 5, 0.2), (("http://b/m",), 5, 0.2)]


async def test_the_real_observer_is_asked_as_a_process_and_handed_its_header() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-Metrics-Token") != "metrics-token-1":
            return web.Response(status=401)
        return web.Response(text=EXPOSITION, content_type="text/plain")

    async with serving(answer) as service:
        flags = {"base_url": service.url, "metrics_auth_header": "X-Metrics-Token: metrics-token-1"}
        _, plan = planned(flags)
        assert plan.observation is not None
        (page,) = await read_pages(plan, observe_once)
        _, without = planned({"base_url": service.url})
        (refused,) = await read_pages(without, observe_once)
    assert (page.ok, page.mode, page.error) == (True, "exposition", "")
    assert page.metrics["requests"]
    assert page.feeds("requests", "nothing")
    assert not page.feeds("fallback")
    assert "success" in page.mandatory
    assert page.window["requests"] == 0.0
    assert not refused.ok
    assert "401" in refused.error


async def test_the_observer_trusts_the_plans_authorities_and_verifies_unless_told_otherwise(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=EXPOSITION, content_type="text/plain")

    pem = make_certificate(tmp_path)
    async with serving(answer, server_context(pem)) as service:
        url = service.url.replace("http://", "https://")
        pages: list[Page] = []
        for flags in ({"cacert": str(pem)}, {"insecure": True, "count_cache_miss": True}, {}):
            _, plan = planned({"base_url": url, **flags})
            pages += await read_pages(plan, observe_once)
    assert [page.ok for page in pages] == [True, True, False]


async def test_an_observer_that_says_nothing_sensible_is_a_failed_page() -> None:
    _, plan = planned({"metric_profile": "relay"})
    assert plan.observation is not None
    lost = replace(plan, observation=replace(plan.observation, metric_profile="no-such-profile"))
    (page,) = await read_pages(lost, observe_once)
    assert not page.ok
    assert page.error.startswith("the observer gave no answer that can be read: ")


def arming(plan: Plan, *pages: Page) -> list[str]:
    return lines(list(arming_checks(plan, unarmed_inputs(plan, pages))))


def test_with_all_metrics_every_input_is_armed() -> None:
    assert arming(plan_of(), good_page()) == [
        "PASS breaker client: ARMED above 2 %",
        "PASS breaker error_rate: ARMED above 2 %",
        "PASS breaker effective_fallback: ARMED above 8 %",
        "PASS breaker blind: ARMED",
    ]


def test_production_fails_with_an_unarmed_input_unless_it_was_allowed() -> None:
    page = replace(good_page(), metrics={"requests": "r"})
    reason = "UNARMED (the service exposes no count of fallbacks, or none of requests)"
    remedy = "make it visible, or go on with --allow-unarmed effective_fallback"
    assert arming(plan_of("production"), page)[2] == f"FAIL breaker effective_fallback: {reason}: {remedy}"
    allowed = plan_of("production", allow_unarmed=("effective_fallback",))
    assert arming(allowed, page)[2] == f"WARN breaker effective_fallback: {reason}"
    assert arming(plan_of("staging"), page)[2] == f"WARN breaker effective_fallback: {reason}"


def test_without_requests_no_server_share_can_be_told() -> None:
    page = replace(good_page(), metrics={"fallback": "f", "memory": "m"})
    assert unarmed_inputs(plan_of(), (page,)) == {
        "error_rate": "the service exposes no count of requests by status",
        "effective_fallback": "the service exposes no count of fallbacks, or none of requests",
    }


def test_without_metrics_only_the_client_input_is_armed() -> None:
    unarmed = unarmed_inputs(plan_of(), (Page(URL, False),))
    assert unarmed == dict.fromkeys(("error_rate", "effective_fallback", "blind"), "no metrics can be read")


def test_blindness_that_is_allowed_is_a_warning_even_in_production() -> None:
    plan = plan_of("production", allow_blind=True)
    assert arming(plan, good_page())[3] == "WARN breaker blind: UNARMED (allowed to be blind)"


def test_a_breaker_that_is_off_is_said_to_be() -> None:
    assert arming(plan_of(no_breaker=True), good_page()) == [
        f"WARN breaker {name}: UNARMED (the breaker is off)"
        for name in ("client", "error_rate", "effective_fallback", "blind")
    ]


@pytest.mark.parametrize(("kind", "status"), [(Kind.WARMUP, "SKIP"), (Kind.RUN, "FAIL")])
def test_a_run_without_an_observer_has_only_the_client_input(kind: Kind, status: str) -> None:
    _, plan = planned(profile="production", kind=kind)
    found = arming(plan)
    assert found[0] == "PASS breaker client: ARMED above 2 %"
    assert all(line.startswith(f"{status} breaker ") and "this run has no observer" in line for line in found[1:])


@pytest.mark.parametrize(("profile", "seconds"), [("production", 60), ("staging", 15), ("dev", 0)])
def test_each_profile_watches_without_load_for_its_time(profile: str, seconds: int) -> None:
    assert idle_ns(plan_of(profile)) == seconds * NS_PER_S


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"requests": 0.0}, ["PASS without load: 15 s: no requests, so nothing is above a threshold"]),
        ({}, ["PASS without load: 15 s: no requests, so nothing is above a threshold"]),
        (
            {"requests": 1_000.0, "errors_4xx": 5.0, "errors_5xx": 15.0, "degraded": 80.0},
            [
                "PASS without load: error_rate: 15 s: 20 of 1000 requests (2.00%), threshold 2.00%",
                "PASS without load: effective_fallback: 15 s: 80 of 1000 requests (8.00%), threshold 8.00%",
            ],
        ),
        (
            {"requests": 1_000.0, "errors_4xx": 0.0, "errors_5xx": 60.0},
            [
                "FAIL without load: error_rate: 15 s: 60 of 1000 requests (6.00%), threshold 2.00%: "
                "the service is already above it, so nothing was sent; mend it first",
            ],
        ),
        (
            {"requests": 10.0, "errors_4xx": 1.0, "errors_5xx": 0.0, "degraded": 0.0},
            [
                "WARN without load: error_rate: 15 s: 1 of 10 requests (10.00%), threshold 2.00%: "
                "above it, but too few requests to be sure",
                "PASS without load: effective_fallback: 15 s: 0 of 10 requests (0.00%), threshold 8.00%",
            ],
        ),
    ],
)
def test_a_service_above_a_threshold_without_load_is_not_loaded(
    window: dict[str, float | None], expected: list[str]
) -> None:
    assert lines(idle_judgement(plan_of().breaker, window, 15.0)) == expected


def test_only_what_the_breaker_counts_is_judged_without_load() -> None:
    window = {"requests": 1_000.0, "errors_4xx": 900.0, "errors_5xx": 1.0, "degraded": 1.0, "raw_fallback": 900.0}
    plan = plan_of(breaker_server_errors="5xx", breaker_count_misses=True)
    assert [check.status.value for check in idle_judgement(plan.breaker, window, 15.0)] == ["PASS", "FAIL"]


async def test_the_measurement_without_load_is_one_look_of_the_right_length() -> None:
    observer = FakeObserver(idle=good_page(window={"requests": 0.0}))
    plan = plan_of("staging", metrics_url=("http://a/m", "http://b/m"))
    await idle_checks(plan, (good_page(),), observer, 15 * NS_PER_S)
    slow = replace(good_page(), scrape_interval_s=30.0)
    await idle_checks(plan, (slow,), observer, 15 * NS_PER_S)
    assert observer.asked == [(("http://a/m", "http://b/m"), 2, 15.0), (("http://a/m", "http://b/m"), 2, 60.0)]


async def test_the_measurement_without_load_is_left_out_where_it_says_nothing() -> None:
    observer = FakeObserver(idle=Page(URL, False, error="timeout"))
    plan = plan_of("staging")
    assert lines(await idle_checks(plan, (), observer, NS_PER_S)) == ["SKIP without load: no metrics can be read"]
    assert lines(await idle_checks(plan_of(), (good_page(),), observer, 0)) == [
        "SKIP without load: measured in staging and production only"
    ]
    assert lines(await idle_checks(plan, (good_page(),), observer, NS_PER_S)) == [
        "WARN without load: cannot be measured (timeout): the service or its metrics are not stable"
    ]
