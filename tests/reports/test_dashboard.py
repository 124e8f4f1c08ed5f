"""The dashboard as a document: what Grafana needs of it, and what its queries may ask for."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reports.analysis.dashboard.assemble import Wish, assemble
from reports.loader.thresholds import load_thresholds, parse_thresholds
from reports.render.dashboard import dashboard_body
from reports.verbs.dashboard import USUAL
from reports.verbs.drawing import drawn
from tests.support.demo import running_demo
from tests.support.rule_terms import facts

if TYPE_CHECKING:
    from reports.model.dashboard import Dashboard

ROOT = Path(__file__).parents[2]
SHIPPED: dict[str, Any] = json.loads((ROOT / USUAL).read_text())
PANELS: list[dict[str, Any]] = SHIPPED["panels"]
DRAWN = [panel for panel in PANELS if panel["type"] != "row"]
TARGETS = [target for panel in DRAWN for target in panel["targets"]]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@pytest.fixture(scope="module")
def made() -> Dashboard:
    dashboard, left_out = assemble(facts("metasheet"), load_thresholds(), Wish())
    assert left_out == ()
    return dashboard


def panel(title: str) -> dict[str, Any]:
    (found,) = [item for item in DRAWN if item["title"] == title]
    return found


def colours(title: str) -> list[tuple[str, float | None]]:
    return [(step["color"], step["value"]) for step in panel(title)["fieldConfig"]["defaults"]["thresholds"]["steps"]]


def recorded_names() -> set[str]:
    groups = yaml.safe_load((ROOT / "ops" / "prometheus" / "recording-rules.yml").read_text())["groups"]
    return {rule["record"] for group in groups for rule in group["rules"]}


def test_the_file_in_the_repository_is_what_the_generator_writes_now(made: Dashboard) -> None:
    assert dashboard_body(made) == SHIPPED


def test_what_the_command_draws_is_what_the_observer_says_of_the_profile() -> None:
    assert dashboard_body(drawn("metasheet", None, "", "", self_metrics=False)) == SHIPPED


def test_the_relays_dashboard_shows_its_errors_and_its_traffic_and_is_what_is_generated_now() -> None:
    shipped = json.loads((ROOT / USUAL).with_name("relay.json").read_text())
    relay, _ = assemble(facts("relay"), load_thresholds(), Wish())
    assert dashboard_body(relay) == shipped
    asked = {item.title: item.queries[0].expr for item in relay.panels}
    assert "action_exec_total" in asked["Request rate"]
    assert "action_exec_total" in asked["Error rate"]
    assert asked["SLO status"].count('"slo"') == 6


def test_it_is_a_document_that_every_grafana_since_10_takes() -> None:
    assert 39 <= SHIPPED["schemaVersion"] <= 42
    assert SHIPPED["uid"] == "loadgen-metasheet"
    assert SHIPPED["title"] == "Metasheet backend: service levels"
    assert "__inputs" not in SHIPPED, "file provisioning does not resolve them"
    assert "id" not in SHIPPED, "an id belongs to one Grafana"


def variants() -> dict[str, list[dict[str, Any]]]:
    """Return the panels of the shipped dashboard and of others that are laid out otherwise."""
    found = {
        "with the load generator": assemble(facts("metasheet"), load_thresholds(), Wish(self_metrics=True))[0],
        "of any service": assemble(facts("prometheus-http"), load_thresholds(), Wish())[0],
    }
    return {"shipped": PANELS} | {name: dashboard_body(dashboard)["panels"] for name, dashboard in found.items()}


def test_every_id_and_title_is_there_once_in_reading_order() -> None:
    for name, panels in variants().items():
        assert [item["id"] for item in panels] == list(range(1, len(panels) + 1)), name
        assert len({item["title"] for item in panels}) == len(panels), name


@pytest.mark.parametrize("variant", ["shipped", "with the load generator", "of any service"])
def test_no_panel_lies_on_another_or_outside_of_24_columns(variant: str) -> None:
    places = [item["gridPos"] for item in variants()[variant]]
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= 24 and at["w"] > 0 and at["h"] > 0 for at in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)


def test_every_query_asks_the_data_source_that_the_reader_chose() -> None:
    asked = [*DRAWN, *TARGETS, *SHIPPED["annotations"]["list"], SHIPPED["templating"]["list"][1]]
    assert [item for item in asked if item["datasource"] != DATASOURCE] == []
    assert SHIPPED["templating"]["list"][0]["type"] == "datasource"
    assert SHIPPED["templating"]["list"][0]["name"] == "datasource"


def test_the_queries_of_a_panel_have_references_of_their_own() -> None:
    for item in DRAWN:
        references = [target["refId"] for target in item["targets"]]
        assert references == sorted(set(references)), item["title"]
        assert references, item["title"]


def test_every_variable_of_a_query_is_one_that_grafana_knows() -> None:
    known = {"datasource", "job", "__rate_interval"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([item["expr"] for item in TARGETS])))
    assert used <= known
    assert "$__rate_interval" not in SHIPPED["annotations"]["list"][0]["expr"], "it does not work in an annotation"


def test_all_jobs_are_those_that_answer_requests_and_not_prometheus_itself() -> None:
    job = SHIPPED["templating"]["list"][1]
    assert job["definition"] == job["query"]["query"] == "label_values(http_requests_total, job)"
    assert (job["includeAll"], job["current"]["value"]) == (True, ["$__all"])
    assert "allValue" not in job


def test_when_alerts_fired_is_marked_on_every_panel() -> None:
    (annotation,) = SHIPPED["annotations"]["list"]
    assert annotation["expr"] == 'ALERTS{alertstate="firing"}'
    assert annotation["enable"]
    assert panel("Firing alerts")["targets"][0]["expr"] == 'ALERTS{alertstate="firing"}'


def test_the_panels_of_the_overview_are_all_there() -> None:
    wanted = {
        "SLO status", "Firing alerts", "HTTP success", "Error rate", "Request rate", "Latency",
        "Error budget remaining",
        "Burn rate, 5 m and 1 h", "Burn rate, 30 m and 6 h", "Cache hit rate", "Fallbacks per request",
        "Fallbacks by reason", "Effective/raw ratio", "Plugin reload", "Plugin reload samples", "Snapshot create",
        "Snapshot create samples", "Snapshot restore", "Snapshot restore samples", "Redis GET p95", "Redis SET p95",
        "Redis timeouts", "Redis last failure", "Redis recovery attempts", "Redis samples", "Memory", "CPU",
    }  # fmt: skip
    assert {item["title"] for item in DRAWN} == wanted


def test_fewer_than_five_samples_are_red_and_five_are_green() -> None:
    titles = [item["title"] for item in DRAWN if item["title"].endswith("samples")]
    assert len(titles) == 4
    assert [colours(title) for title in titles] == [[("red", None), ("green", 5)]] * 4


def test_a_fresh_failure_of_redis_is_red_and_one_that_never_happened_is_green() -> None:
    assert colours("Redis last failure") == [("red", None), ("orange", 300), ("yellow", 1800), ("green", 3600)]
    value, missing = panel("Redis last failure")["fieldConfig"]["defaults"]["mappings"]
    assert value["options"] == {"-1": {"text": "never", "color": "green", "index": 0}}
    assert missing["options"]["result"]["text"] == "NA"


def test_the_scoreboard_says_pass_fail_and_na() -> None:
    (status,) = [
        item for item in panel("SLO status")["fieldConfig"]["overrides"] if item["matcher"]["options"] == "Status"
    ]
    values, missing = status["properties"][0]["value"]
    shown = {value: (word["text"], word["color"]) for value, word in values["options"].items()}
    assert shown == {"1": ("PASS", "green"), "0": ("FAIL", "red"), "-1": ("NA", "text")}
    assert missing["options"]["match"] == "null+nan"


def test_the_scoreboard_has_a_line_for_every_threshold() -> None:
    expr = panel("SLO status")["targets"][0]["expr"]
    assert expr.count('"slo"') == expr.count('"objective"') == len(load_thresholds().entries) == 18
    assert '"≥ 98 %"' in expr
    assert '"≤ 0.6"' in expr


def test_a_value_that_is_missing_is_na_and_grey_on_every_panel() -> None:
    for item in DRAWN:
        defaults = item["fieldConfig"]["defaults"]
        assert defaults["noValue"] == "NA", item["title"]
        special = defaults["mappings"][-1]["options"]
        assert special["match"] == "null+nan", item["title"]
        assert (special["result"]["text"], special["result"]["color"]) == ("NA", "text"), item["title"]


def test_colours_follow_a_thresholds_file_of_ones_own() -> None:
    document = json.loads((ROOT / "reports" / "data" / "phase5-thresholds.json").read_text())
    for entry in document["thresholds"]:
        entry["threshold"] = {"memory_rss": 250, "cache_hit_rate": 90}.get(entry["metric"], entry["threshold"])
    limits = parse_thresholds(json.dumps(document), "mine.json")
    dashboard, _ = assemble(facts("metasheet"), limits, Wish("Mine", "mine"))
    steps = {item.title: [(step.color.value, step.at) for step in item.steps] for item in dashboard.panels}
    assert steps["Memory"] == [("green", None), ("red", 250 * 1024 * 1024)]
    assert steps["Cache hit rate"] == [("red", None), ("green", pytest.approx(0.9))]
    assert (dashboard.title, dashboard.uid) == ("Mine", "mine")


def test_a_latency_of_ones_own_is_drawn_from_the_histogram_that_its_entry_names() -> None:
    entry = {
        "metric": "report_latency_p90", "kind": "latency", "threshold": 3, "unit": "seconds", "type": "upper_bound",
        "prometheus_metric": "report_seconds", "label_selector": "kind=pdf",
    }  # fmt: skip
    rules = {"fallback_taxonomy": {"valid_reasons": ["unknown"]}}
    limits = parse_thresholds(json.dumps({"thresholds": [entry], "validation_rules": rules}), "mine.json")
    dashboard, _ = assemble(facts("metasheet"), limits, Wish())
    scoreboard = next(item for item in dashboard.panels if item.title == "SLO status")
    assert (
        'max(histogram_quantile(0.9, sum by (job, le) (rate(report_seconds_bucket{kind="pdf",job=~"$job"}[5m]))))'
        in scoreboard.queries[0].expr
    )


def test_what_a_profile_has_nothing_for_is_named_and_not_drawn() -> None:
    dashboard, left_out = assemble(facts("prometheus-http"), load_thresholds(), Wish())
    told = [f"{item.name}: {item.reason}" for item in left_out]
    assert "Redis samples: the profile prometheus-http has no redis_operation" in told
    assert "SLO plugin_reload_latency_p95: the profile prometheus-http has no figure for it" in told
    assert not [item for item in dashboard.panels if "metasheet" in json.dumps([query.expr for query in item.queries])]
    assert [row.title for row in dashboard.rows][:3] == ["Objectives", "Requests", "Error budget"]


def test_the_load_generator_has_a_row_only_when_it_is_asked_for() -> None:
    own = [item["title"] for item in variants()["with the load generator"][len(PANELS) :]]
    assert own == [
        "Load generator", "Load rate", "Load outcomes", "Load under way", "Load response time", "Load validity",
        "Own lag p99", "Worker CPU", "Breaker inputs",
    ]  # fmt: skip
    assert "loadgen_" not in json.dumps([item["expr"] for item in TARGETS])


async def test_public_defect_19_no_query_asks_for_a_name_that_nobody_exposes() -> None:
    async with running_demo() as demo:
        families = (await demo.page()).families
        exposed = {f"{name}{suffix}" for name in families for suffix in ("", "_total", "_bucket", "_count", "_sum")}
    known = exposed | recorded_names() | {"ALERTS"}
    asked = set(re.findall(r"\b([a-zA-Z_:][\w:]*)\{", "\n".join(item["expr"] for item in TARGETS)))
    assert asked - known == set()
    assert len(asked & recorded_names()) >= 20


def test_public_defect_22_no_denominator_is_clamped_so_that_little_traffic_looks_healthy() -> None:
    for target in TARGETS:
        assert not re.search(r"/\s*\(*\s*clamp_min", target["expr"]), target["expr"]


def test_public_contradiction_11_the_error_budget_has_one_formula_and_never_falls_below_0() -> None:
    budget = panel("Error budget remaining")["targets"][0]["expr"]
    assert re.fullmatch(r"clamp_min\(1 - max by \(job\) \(slo:sli_error:ratio_rate1h\{.+\}\) / 0\.01, 0\)", budget)
    burn = panel("Burn rate, 5 m and 1 h")["targets"][1]["expr"]
    assert re.fullmatch(r"max by \(job\) \(slo:sli_error:ratio_rate1h\{.+\}\) / 0\.01", burn)


def test_public_contradiction_4_fallbacks_per_request_and_the_effective_raw_ratio_have_names_of_their_own() -> None:
    per_request, ratio = panel("Fallbacks per request"), panel("Effective/raw ratio")
    assert [target["legendFormat"] for target in per_request["targets"]] == ["{{job}} raw", "{{job}} effective"]
    assert "Not a rate per request" in ratio["description"]
