"""The cache audit: the arithmetic, and the verb against a page of metrics in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from reports.analysis.cache_audit import audit
from reports.cli import report
from reports.render.cache_audit import audit_lines
from tests.support.processes import service

if TYPE_CHECKING:
    from pathlib import Path


def series(hits: dict[str, float], misses: dict[str, float], impl: str = "memory") -> list[dict[str, Any]]:
    """Return the series of one cache by key pattern."""
    return [
        {"name": name, "labels": {"impl": impl, "key_pattern": pattern}, "value": value}
        for name, values in (("cache_hits_total", hits), ("cache_miss_total", misses))
        for pattern, value in values.items()
    ]


def test_the_rate_is_hits_of_look_ups_and_the_worst_comes_first() -> None:
    """30 of 100 and 90 of 100."""
    found = audit(series({"user": 30, "page": 90}, {"user": 70, "page": 10}), 50, 70)
    assert [(item.key_pattern, item.rate_pct, item.candidate) for item in found] == [
        ("user", 30.0, True), ("page", 90.0, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hits", "misses", "candidate"), [(35, 15, True), (36, 14, False), (10, 39, False), (0, 50, True)]
)
def test_a_candidate_has_enough_look_ups_and_a_rate_of_at_most_the_limit(
    hits: float, misses: float, candidate: bool
) -> None:
    """35 of 50 are exactly 70 %; 49 look-ups are too few."""
    (found,) = audit(series({"k": hits}, {"k": misses}), 50, 70)
    assert found.candidate is candidate


def test_endpoints_are_added_and_caches_kept_apart() -> None:
    two = [*series({"k": 10}, {"k": 10}), *series({"k": 10}, {"k": 30}), *series({"k": 5}, {}, "redis")]
    found = {(item.impl, item.hits, item.misses) for item in audit(two, 50, 70)}
    assert found == {("memory", 20, 40), ("redis", 5, 0)}


def test_what_was_never_looked_up_has_no_rate() -> None:
    (found,) = audit(series({"k": 0}, {"k": 0}), 0, 100)
    assert (found.rate_pct, found.candidate) == (None, False)


def test_the_older_name_of_misses_is_read_and_nonsense_is_not() -> None:
    odd: list[dict[str, Any]] = [
        {"name": "cache_misses_total", "labels": {}, "value": 3},
        {"name": "cache_hits_total", "value": 3},
        {"name": "cache_hits_total", "labels": {}, "value": "x"},
    ]
    (found,) = audit(odd, 0, 100)
    assert (found.impl, found.hits, found.misses) == ("(none)", 0, 3)


def test_the_lines_have_the_published_form() -> None:
    lines = audit_lines(audit(series({"user": 30}, {"user": 70}), 50, 70)).splitlines()
    assert lines == [
        "[audit] memory:user hits=30 misses=70 rate=30.0% total=100 candidate=yes",
        "[audit] 1 key patterns, 1 candidates",
    ]


def test_a_line_stays_one_line() -> None:
    assert audit_lines(audit(series({"a b\nc": 1}, {}), 0, 0)).startswith("[audit] memory:a_b_c hits=1")


def test_the_verb_asks_the_service(tmp_path: Path) -> None:
    out = tmp_path / "audit" / "cache_audit.txt"
    with service("loadgen.demo") as demo:
        for at in range(6):
            demo.text(f"/api/data/user:{at}")
        arguments = ["cache-audit", f"{demo.url}/metrics/prom", "1", "100", "-o", str(out)]
        result = CliRunner().invoke(report, arguments, standalone_mode=False)
    assert result.return_value == 0, result.exception
    lines = out.read_text().splitlines()
    assert any("misses=" in line and line.endswith("candidate=yes") for line in lines[:-1])


def test_a_service_without_a_cache_has_nothing_to_audit(tmp_path: Path) -> None:
    with service("loadgen.demo", env={"FEATURE_CACHE": "false"}) as demo:
        result = CliRunner().invoke(report, ["cache-audit", f"{demo.url}/metrics/prom"], standalone_mode=False)
    assert result.return_value == 3
    assert "the service shows no cache" in result.stderr


def test_a_service_that_does_not_answer_is_one_message() -> None:
    result = CliRunner().invoke(report, ["cache-audit", "http://127.0.0.1:1/metrics"], standalone_mode=False)
    assert "the metrics cannot be read" in str(result.exception)
    missing = CliRunner().invoke(report, ["cache-audit"], standalone_mode=False, env={"METRICS_URL": ""})
    assert "METRICS_URL: missing" in str(missing.exception)
