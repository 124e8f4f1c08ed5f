"""The pieces that rules are made of, and the defects of published rules that these do not have."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reports.analysis.rules.book import rule_book
from reports.analysis.rules.burn import TIERS, Tier, impossible, minutes, parse_tier
from reports.analysis.rules.cases import cases
from reports.analysis.rules.names import metric_names
from reports.analysis.rules.promql import bound, share, slower_than, summed
from reports.analysis.rules.recording import AGE_BUCKETS_S
from reports.model.metric_facts import Selector
from reports.model.rule import Severity
from reports.render.sloth_yaml import sloth_yaml
from tests.support.rule_terms import PROFILES, terms

if TYPE_CHECKING:
    from reports.model.rule_case import Case


def played(profile: str, alert: str) -> list[Case]:
    known = terms(profile)
    return [case for case in cases(known, rule_book(known).alerts) if case.alert == alert]


def expressions(profile: str) -> dict[str, str]:
    book = rule_book(terms(profile))
    return {rule.record: rule.expr for rule in book.recordings} | {rule.name: rule.expr for rule in book.alerts}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("up == 0", {"up"}),
        ("sum by (job, le) (rate(a_bucket{x=~\"b|c\"}[5m]))", {"a_bucket"}),
        ("sum(a) without (b) / on (c) group_left (d) e", {"a", "e"}),
        ("a offset 1h unless x:y:5m > 1e3 or vector(1)", {"a", "x:y:5m"}),
        ('count(ALERTS{a="b{c}"}) # comment', {"ALERTS"}),
        ("(time() - (max by (job) (t) > 0)) ^ 0", {"t"}),
        ('label_replace(rate(a[5m]), "part", "0", "", "") and bool', {"a"}),
    ],
)  # fmt: skip
def test_the_metrics_of_an_expression_are_its_names_and_nothing_else(expression: str, names: set[str]) -> None:
    assert metric_names(expression) == names


def test_a_bucket_is_matched_in_the_spelling_of_prometheus_2_and_3() -> None:
    for seconds, spellings in ((0.25, ["0.25"]), (2.0, ["2", "2.0"]), (500.0, ["500", "500.0"])):
        _, operator, pattern = re.fullmatch(r'(le)(=~?)"(.*)"', bound(seconds)).groups()  # type: ignore[union-attr]
        for text in spellings:
            matches = (
                re.fullmatch(pattern.replace("\\\\", "\\"), text) is not None if operator == "=~" else pattern == text
            )
            assert matches, (seconds, text)


def test_a_part_without_series_counts_as_nothing_of_its_whole() -> None:
    assert share("a", "b") == "(\n  a\n  or\n  0 * b\n)\n/\n(b > 0)"


def test_series_of_different_metrics_are_told_apart_before_they_are_added() -> None:
    """`or` keeps one of two series whose labels are the same."""
    one, two = Selector("a"), Selector("b", 'x="1"')
    assert summed([one, one.where('x="2"')], "5m") == (
        'sum by (job) (\n  rate(a[5m])\n  or\n  rate(a{x="2"}[5m])\n)'
    )  # fmt: skip
    assert summed([one, two], "5m").count("label_replace") == 2


@given(st.floats(0.1, 100), st.floats(0.0001, 0.5))
def test_a_tier_is_impossible_exactly_when_its_share_would_have_to_exceed_1(factor: float, budget: float) -> None:
    tier = Tier("X", Severity.WARNING, factor, "1h", "5m", "1m")
    told = impossible(tier, budget)
    assert bool(told) == (round(factor * budget, 9) >= 1)
    if told:
        assert f"factor {factor:g} x budget {budget:g} = " in told


def test_a_tier_that_needs_exactly_all_requests_to_fail_is_impossible_too() -> None:
    """A share of 1 is not above 1."""
    assert impossible(Tier("X", Severity.WARNING, 10, "1h", "5m", "1m"), 0.1)
    assert not impossible(Tier("X", Severity.WARNING, 14.4, "1h", "5m", "1m"), 0.02)


@pytest.mark.parametrize("tier", TIERS)
def test_the_usual_tiers_spend_what_the_workbook_says(tier: Tier) -> None:
    """Of a month's budget: 2 % in 1 h, 5 % in 6 h, 10 % in a day and in three."""
    spent = tier.factor * minutes(tier.long) / (30 * 24 * 60)
    assert spent == pytest.approx({"1h": 0.02, "6h": 0.05, "1d": 0.10, "3d": 0.10}[tier.long])
    assert minutes(tier.long) == 12 * minutes(tier.short)
    assert parse_tier(f"{tier.name}:{tier.severity}:{tier.factor}:{tier.long}:{tier.short}:{tier.hold}") == tier


@pytest.mark.parametrize("profile", PROFILES)
def test_a_range_holds_at_least_four_scrapes_of_a_minute(profile: str) -> None:
    """Version 3 of Prometheus leaves the left end of a range out, so that an aligned one holds a sample fewer."""
    for name, expression in expressions(profile).items():
        assert all(minutes(span) >= 5 for span in re.findall(r"\[(\w+)\]", expression)), name


@pytest.mark.parametrize("profile", PROFILES)
def test_every_share_of_an_alert_is_guarded_by_a_count(profile: str) -> None:
    for alert in rule_book(terms(profile)).alerts:
        if "/\n" in alert.expr:
            guard = alert.expr.split("\nand\nsum by (job, provider, action) (action_exec_total")[0]
            assert re.search(r"increase\([^)]*\)[\s)]*>= \d+$", guard), alert.name


@pytest.mark.parametrize("op", ["get", "set"])
def test_one_slow_operation_on_redis_among_few_wakes_nobody(op: str) -> None:
    """The alert over 30 minutes waits for nothing, so a single operation at night fired it."""
    for name, window in ((f"Redis{op.title()}LatencyP95High", "5m"), (f"Redis{op.title()}LatencyP95HighLong", "30m")):
        counted = f'redis_operation_duration_seconds_count{{op="{op}"}}[{window}]'
        assert expressions("metasheet")[name].endswith(f"\nand\nsum by (job) (increase({counted})) >= 100")
        told = "slow ones of too few operations"
        assert [case.fires for case in played("metasheet", name) if case.what == told] == [False]


@pytest.mark.parametrize(
    "alert", ["HttpErrorRatePage", "FallbackEffectiveHigh", "RedisTimeoutRatioHigh", "RedisSetLatencyP95High"]
)
def test_a_case_that_fires_has_as_many_events_as_were_asked_for(alert: str) -> None:
    """promtool refused the tests that `--min-requests 20000` gave: their services saw 5000 requests in 5 minutes."""
    known = terms()
    known = replace(known, policy=replace(known.policy, min_requests=20_000))
    (book,) = (rule for rule in rule_book(known).alerts if rule.name == alert)
    assert book.expr.endswith(">= 20000")
    for case in cases(known, [book]):
        counts: dict[str, float] = {}
        for series in case.series:
            step = re.fullmatch(r"0\+([\d.e+]+)x480", series.values)
            assert step is not None, series
            counts[series.name] = counts.get(series.name, 0) + 5 * float(step[1])
        assert (max(counts.values()) >= 20_000) is ("too few" not in case.what), case.name


def test_a_profile_with_one_status_label_asks_for_that_alone() -> None:
    assert "code" not in expressions("relay")["job:gmail_send_errors_rate:5m"]
    known = terms()
    source = replace(known.source("requests"), by=("status",), words={"ok": "2xx", "error": "5xx"})
    facts = replace(known.facts, metrics={**known.facts.metrics, "requests": (source,)})
    found = replace(known, facts=facts).answered(("2xx", "3xx"), "5m")
    assert found == 'sum by (job) (rate(http_requests_total{status=~"2..|3..|ok"}[5m]))'


def test_a_metric_in_milliseconds_is_recorded_in_seconds_and_limited_in_its_own_unit() -> None:
    known = terms()
    source = replace(known.source("latency"), scale=0.001)
    facts = replace(known.facts, metrics={**known.facts.metrics, "latency": (source,)})
    book = rule_book(replace(known, facts=facts))
    found = {rule.record: rule.expr for rule in book.recordings} | {rule.name: rule.expr for rule in book.alerts}
    assert found["metasheet:http_p95:5m"].startswith("0.001 * (histogram_quantile(0.95,")
    assert "> 500\n" in found["HttpLatencyP95Page"]
    assert 'le=~"250(\\\\.0)?"' in found["slo:sli_error:ratio_rate5m"]


@pytest.mark.parametrize(
    ("job", "name", "condition"),
    [("", "one", ""), ("api", "api", 'job="api"'), ("api|web", "api", 'job=~"api|web"'),
     ("api-.+", "api-1", 'job=~"api-.+"'), (r"a\d", "", r'job=~"a\\d"')],
)  # fmt: skip
def test_a_case_is_played_under_a_job_that_the_rules_apply_to(job: str, name: str, condition: str) -> None:
    known = terms(job=job)
    assert (known.job_name, known.job) == (name, condition)


def test_the_buckets_of_the_age_of_a_failure_leave_no_gap_and_do_not_overlap() -> None:
    age = "metasheet:redis_last_failure_age:seconds"
    found = [rule.expr for rule in rule_book(terms()).recordings if rule.record.endswith("age:bucket")]
    low, middle, high = AGE_BUCKETS_S
    assert found == [
        f"({age} < {low}) ^ 0", f"({age} >= {low} < {middle}) ^ 0", f"({age} >= {middle} < {high}) ^ 0",
        f"({age} >= {high}) ^ 0",
    ]  # fmt: skip


def test_p95_beyond_the_highest_bucket_is_seen_although_it_reads_as_that_bucket() -> None:
    """45 of 50 above 2 s read as a P95 of exactly 2, which was never above 2."""
    expression = slower_than(Selector("x"), 2.0, "10m")
    assert "histogram_quantile(0.95" in expression
    assert '1 - sum by (job) (rate(x_bucket{le=~"2(\\\\.0)?"}[10m]))' in expression
    for alert in ("RelayLatencyP95Crit", "RelayLatencyP95Warn"):
        told = "slow beyond the highest bucket, which is the limit"
        assert [case.fires for case in played("relay", alert) if case.what == told] == [True]


def test_validation_errors_are_a_share_of_executions_and_not_a_count_a_second() -> None:
    found = {case.what: case.fires for case in played("relay", "RelayValidationSpike")}
    assert found["15 of 100 are invalid"]
    assert not found["many errors a second, of many more executions"]


def test_a_share_below_one_execution_a_second_is_not_understated() -> None:
    """Six a minute with a clamped denominator read as a tenth of their share."""
    expression = expressions("relay")["RelayErrorRateWarn"]
    assert "clamp" not in expression
    assert ">= 60" in expression


def test_a_service_that_answers_nothing_but_errors_fires() -> None:
    """Without a series of a success a plain division has no result, and an alert on it is silent."""
    told = "nothing succeeds, so that no series of a success exists"
    assert [case.fires for case in played("metasheet", "HttpSuccessRateLow") if case.what == told] == [True]


def test_redirects_are_successes() -> None:
    """The published rule counted 2xx alone."""
    assert [case.fires for case in played("metasheet", "HttpSuccessRateLow") if "redirects" in case.what] == [False]


def test_a_controller_that_shows_old_decisions_for_ever_has_stalled() -> None:
    """A Pushgateway forgets nothing, so absence alone never says so."""
    found = {case.what: case.fires for case in played("relay", "RelayControllerStalled")}
    assert found["its last good decision is an hour old"]
    assert not found["a good decision every half hour"]


def sloth(error_rate: float = 1.0) -> dict[str, Any]:
    (document,) = yaml.safe_load_all(sloth_yaml([terms(error_rate=error_rate)], "docs/runbooks"))
    assert isinstance(document, dict)
    return document


def test_the_objectives_have_the_shape_that_sloth_reads() -> None:
    document = sloth()
    assert (document["version"], document["service"]) == ("prometheus/v1", "metasheet")
    assert [(slo["name"], slo["objective"]) for slo in document["slos"]] == [("availability", 99.0), ("latency", 99.0)]
    for slo in document["slos"]:
        assert set(slo) == {"name", "objective", "description", "sli", "alerting"}
        assert all("[{{.window}}]" in slo["sli"]["events"][query] for query in ("error_query", "total_query"))
        assert slo["alerting"]["page_alert"] == {"labels": {"severity": "critical"}}
        assert slo["alerting"]["ticket_alert"] == {"labels": {"severity": "warning"}}


def test_an_objective_whose_pages_could_never_fire_has_them_switched_off_for_sloth() -> None:
    availability, latency = sloth(error_rate=20)["slos"]
    assert availability["objective"] == 80.0
    assert availability["alerting"]["page_alert"] == {"disable": True}
    assert availability["alerting"]["ticket_alert"] == {"labels": {"severity": "warning"}}
    assert latency["alerting"]["page_alert"] != {"disable": True}
