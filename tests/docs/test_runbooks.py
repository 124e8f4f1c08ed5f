"""Runbooks that can be used at night: six sections, links that resolve, alerts that exist, commands that work."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from loadgen.core.load_stats import COLUMNS as SECONDS
from loadgen.core.metrics_csv import COLUMNS as SAMPLES
from loadgen.demo.metrics import Metrics
from loadgen.drill.tabletop import DRILLS
from loadgen.notify.alert import Severity
from loadgen.notify.response import BREAKER_RUNBOOKS, RESPONSES, response_to
from loadgen.run.probes import COLUMNS as PROBES
from tests.support.documents import (
    INDEX,
    OPERATIONS,
    ROOT,
    RUNBOOKS,
    all_commands,
    anchors,
    header,
    links,
    queries,
    sections,
)

if TYPE_CHECKING:
    from pathlib import Path

ALERTS = ROOT / "ops" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "ops" / "grafana" / "dashboards" / "phase5.json"
RECORDING = ALERTS.with_name("recording-rules.yml")
SECTIONS = [
    "What It Means", "Immediate Triage", "Immediate Mitigations", "Baseline-Run Impact", "Escalation", "Post-Incident",
]  # fmt: skip
PAGES = pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
OWN_ALERTS = {"LoadgenBreakerTripped", "LoadgenRunFailed"}
"""Alerts that loadgen raises itself; they are in no rules file."""
LABELS = re.compile(r"\{[^}]*\}|\b(?:by|without|on|ignoring)\s*\([^)]*\)|\[[^\]]*\]|\"[^\"]*\"")
SPOKEN = {
    "sum", "rate", "topk", "histogram_quantile", "increase", "changes", "resets", "absent", "time", "max", "timestamp",
    "deriv", "predict_linear", "max_over_time",
}  # fmt: skip
RELAY = {
    "action_exec_total", "action_error_total", "action_latency_seconds_bucket", "controller_decisions_total",
    "structured_error_total", "mime_build_seconds_bucket", "sanitization_changes_total",
}  # fmt: skip
"""What synthetic scenarios push; no service of ours shows it."""


def named_alerts(text: str) -> set[str]:
    return set(re.findall(r"`([A-Z]\w+)`", text))


@cache
def groups(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["groups"]
    return found


def rules() -> dict[str, tuple[str, str]]:
    """Return severity and page of every alert in the rules."""
    found = [rule for group in groups(ALERTS) for rule in group["rules"]]
    return {
        rule["alert"]: (rule["labels"]["severity"], rule["annotations"]["runbook_url"].rpartition("/")[2])
        for rule in found
    }


@PAGES
def test_a_page_has_the_six_sections_in_their_order(path: Path) -> None:
    assert list(sections(path)) == SECTIONS
    assert all(sections(path).values())


@PAGES
def test_the_first_section_is_read_in_a_breath(path: Path) -> None:
    lines = sections(path)["What It Means"].splitlines()
    assert len(lines) <= 2
    assert sum(map(len, lines)) <= 240


@PAGES
def test_the_header_names_alerts_inputs_and_severity(path: Path) -> None:
    assert list(header(path)) == ["Alerts", "Breaker inputs", "Severity", "Panels"]
    inputs = set(re.findall(r"`(\w+)`", header(path)["Breaker inputs"].split("(")[0]))
    assert inputs == {name for name, page in BREAKER_RUNBOOKS.items() if page == path.name}


@PAGES
def test_the_panels_of_a_page_are_on_the_dashboard(path: Path) -> None:
    titles = {panel["title"] for panel in json.loads(DASHBOARD.read_text())["panels"]}
    named = re.findall(r'"([^"]+)"', header(path)["Panels"])
    assert named
    assert set(named) <= titles


@PAGES
def test_triage_shows_a_command_or_a_query_and_mitigation_a_command(path: Path) -> None:
    triage, mitigation = sections(path)["Immediate Triage"], sections(path)["Immediate Mitigations"]
    assert "```console" in triage or "```promql" in triage
    assert "```console" in mitigation or "`loadgen stop`" in mitigation


@PAGES
def test_the_header_gives_the_response_time_of_each_alert(path: Path) -> None:
    told = header(path)["Severity"].split("; ")
    assert told == [response.sentence for response in RESPONSES if response.sentence in told]
    if path.name in BREAKER_RUNBOOKS.values():
        assert response_to(Severity.CRITICAL).sentence in told


@PAGES
def test_the_alerts_of_a_page_are_those_whose_rules_link_to_it(path: Path) -> None:
    linking = {name: severity for name, (severity, page) in rules().items() if page == path.name}
    assert named_alerts(header(path)["Alerts"]) == set(linking)
    told = set(header(path)["Severity"].split("; "))
    assert told >= {response_to(Severity(severity)).sentence for severity in linking.values()}


def test_every_alert_links_to_a_page_that_exists_and_stands_in_the_index_at_its_level() -> None:
    index = sections(INDEX)["From an alert to its page"]
    levels = re.split(r"^### (\w+)\n", index, flags=re.MULTILINE)
    by_level = dict(zip(levels[1::2], levels[2::2], strict=True))
    for name, (severity, page) in rules().items():
        assert (INDEX.parent / page).is_file(), f"{name} links to {page}"
        assert f"`{name}`" in by_level[response_to(Severity(severity)).level], name
        row = next(line for line in index.splitlines() if f"`{name}`" in line)
        assert f"]({page})" in row, name


def test_the_index_names_no_alert_that_does_not_exist() -> None:
    assert named_alerts(sections(INDEX)["From an alert to its page"]) == set(rules()) | OWN_ALERTS


def test_the_index_links_every_page() -> None:
    assert {target for target in links(INDEX) if "/" not in target and not target.startswith("#")} == {
        path.name for path in RUNBOOKS
    }


def test_the_index_has_the_one_table_of_levels() -> None:
    rows = [line for line in sections(INDEX)["How soon"].splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]
    assert cells == [
        [response.level.value, response.time, response.severity.value, response.means] for response in RESPONSES
    ]


def test_a_trip_of_every_input_leads_from_the_index_to_its_page() -> None:
    table = sections(INDEX)["From a run to its page"]
    for name, page in BREAKER_RUNBOOKS.items():
        row = next(line for line in table.splitlines() if f"`{name}`" in line)
        assert f"]({page})" in row


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_defect_c020_every_link_resolves(path: Path) -> None:
    """Seven of the ten runbooks that the index of the source linked did not exist."""
    for target in links(path):
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.is_file(), f"{path.name} links to {target}"
        assert not anchor or anchor in anchors(place), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
def test_defect_c025_every_named_command_exists(path: Path) -> None:
    """The source's runbooks used programs and options that nobody had written."""
    from tests.support.commands import missing

    named = re.findall(r"`(loadgen [^`]+)`", path.read_text())
    assert [text for text in named if missing(text)] == []


COLUMNS_SHOWN = {
    "cut -d, -f1-9 load-stats.csv": "second timestamp due sent done failed dropped http_4xx http_5xx",
    "cut -d, -f1,3,5,8 load-stats.csv": "second due done http_4xx",
    "cut -d, -f1,4-7 load-stats.csv": "second sent done failed dropped",
    "cut -d, -f2,4,6-8,14 probes.csv": "t_s ok requests errors_4xx errors_5xx error_rate_value",
    "cut -d, -f2-5 probes.csv": "t_s took_ms ok error",
    "cut -d, -f2,4,6,12 probes.csv": "t_s ok requests restarted",
    "cut -d, -f2,6,9-11,17 probes.csv": "t_s requests raw degraded effective effective_fallback_value",
    "cut -d, -f1,5,6,12,13,32 metrics.csv": "timestamp p95_latency p99_latency cpu_percent rss_mb cache_hit_rate",
    "cut -d, -f1,7,8,17-19 metrics.csv": "timestamp raw_fallback_ratio effective_fallback_ratio fallback_http "
    "fallback_message fallback_cache",
    "cut -d, -f1,5,8,32 metrics.csv": "timestamp p95_latency effective_fallback_ratio cache_hit_rate",
    "cut -d, -f1,13,14,32 metrics.csv": "timestamp rss_mb request_rate cache_hit_rate",
    "cut -d, -f1,32,39,40 metrics.csv": "timestamp cache_hit_rate cache_hits_raw cache_misses_raw",
    "cut -d, -f1,26-31,33,36 metrics.csv": "timestamp plugin_reload_success plugin_reload_failure "
    "snapshot_create_success snapshot_create_failure snapshot_restore_success snapshot_restore_failure "
    "plugin_reload_p95 snapshot_operation_p95",
    "awk -F, '{ print $1, $(NF-9), $(NF-7), $(NF-6), $(NF-4) }' load-stats.csv": "second "
    "p50_ms p95_ms p99_ms lag_p99_ms",
}
"""What the columns mean that a page cuts out by their number."""


def test_columns_that_are_cut_out_by_number_are_the_ones_meant(tmp_path: Path) -> None:
    for name, columns in (("load-stats", SECONDS), ("probes", PROBES), ("metrics", SAMPLES)):
        (tmp_path / f"{name}.csv").write_text(",".join(columns) + "\n")
    shown = {re.sub(r"results/\S*/", "", shown.line.split(" | ")[0]) for shown in all_commands()}
    assert {line for line in shown if line.startswith(("cut", "awk"))} == set(COLUMNS_SHOWN)
    for line, meant in COLUMNS_SHOWN.items():
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert re.split(r"[, ]", done.stdout.strip()) == meant.split(), line


def test_defect_19_every_query_asks_for_metrics_that_somebody_shows() -> None:
    page = Metrics().registry.exposition().decode()
    families = {match[1] for match in re.finditer(r"^# TYPE (\S+)", page, re.MULTILINE)}
    series = families | {f"{name}_{part}" for name in families for part in ("bucket", "count", "sum")} | RELAY | {"up"}
    series |= {rule["record"] for group in groups(RECORDING) for rule in group["rules"]}
    for path in OPERATIONS:
        for query in queries(path):
            words = set(re.findall(r"[a-z_:][a-z0-9_:]{1,}", LABELS.sub(" ", query))) - SPOKEN
            assert words <= series, f"{path.name}: {query}: {words - series}"


def test_defect_22_no_query_holds_its_denominator_up() -> None:
    """A ratio over a rate of at least 1 understates what fails where traffic is small."""
    assert [query for path in OPERATIONS for query in queries(path) if "clamp" in query] == []


@pytest.mark.stack
def test_every_query_parses(tmp_path: Path) -> None:
    every = [query for path in OPERATIONS for query in queries(path)]
    body = {"groups": [{"name": "docs", "rules": [
        {"record": f"docs:query:{number}", "expr": query} for number, query in enumerate(every)
    ]}]}  # fmt: skip
    (tmp_path / "queries.yml").write_text(yaml.safe_dump(body))
    try:
        done = subprocess.run(
            ["promtool", "check", "rules", str(tmp_path / "queries.yml")], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.fail("promtool is missing: install the Debian package prometheus")
    assert done.returncode == 0, done.stderr
    assert len(every) > 40


def test_the_alerts_of_every_drill_exist_and_the_worse_one_is_critical() -> None:
    found = rules()
    for drill in DRILLS.values():
        assert found[drill.first][1] == drill.runbook.rpartition("/")[2], drill.number
        assert (found[drill.active][0], found[drill.suppressed][0]) == ("critical", "warning"), drill.number


def test_every_alert_says_how_soon_to_respond_in_the_words_of_the_one_table() -> None:
    for rule in (rule for group in groups(ALERTS) for rule in group["rules"]):
        severity = Severity(rule["labels"]["severity"])
        assert rule["annotations"]["response"] == response_to(severity).sentence, rule["alert"]
