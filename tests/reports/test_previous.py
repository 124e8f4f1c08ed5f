"""What changed since the last baseline, and a baseline that nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner, Result

from loadgen.core.errors import LoadgenError
from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS
from reports.cli import report
from reports.loader.previous import read_previous
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path


def block(milliseconds: int, count: int = 100) -> dict[str, Any]:
    histogram = Histogram(60_000_000_000)
    histogram.record(milliseconds * NS_PER_MS, count)
    return {"start_s": 0, "length_s": 10, "ok": count, "response": histogram.encode()}


def saved(place: Path, **changes: Any) -> Path:
    document = {
        "baseline": {"schema_version": 1, "source": "phase5-prod-20260201-120000"},
        "run": {"started": "2026-02-01T12:00:00Z", "rate": "40/s", "fingerprint": {"cpus": 8, "host": "other"}},
        "client": {"unit_s": 10, "blocks": [block(20), block(40)]},
        "server": {
            "shares": {"error": {"events": 3, "of": 300}, "cache_hit": {"events": 90, "of": 100}},
            "percentiles": {"p95": {"value": 0.05, "lower": 0.025, "upper": 0.05}},
            "rows": [{"values": {"rss_mb": 150}}, {"values": {"rss_mb": 170}}],
        },
        **changes,
    }
    path = place / "phase5-baseline.json"
    path.write_bytes(orjson.dumps(document))
    return path


def production(*arguments: object) -> Result:
    return CliRunner().invoke(report, ["production", *map(str, arguments)], standalone_mode=False)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def cells(text: str, title: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {title} "))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_figures_of_the_baseline_stand_beside_the_runs(tmp_path: Path) -> None:
    """Merged, half of 200 requests took 20 ms and half 40: p95 is 40 ms. The run's is 60: half as much again."""
    place = quick_run().write(tmp_path / "run")
    result = production(place, "--baseline", saved(tmp_path))
    told = section(result.output, "Since the Last Baseline")
    assert "`phase5-prod-20260201-120000`" in told
    assert cells(told, "P95 latency, client response") == ["40.0 ms", "60.0 ms", "+50.0 %"]
    assert cells(told, "Memory (RSS), average") == ["160.0 MB", "200.0 MB", "+25.0 %"]
    assert cells(told, "Error rate (server)") == ["1.00 %", "0.00 %", "-1.00 points"]
    assert cells(told, "Effective fallback rate") == ["NA", "0.00 %", "NA"]
    assert "- plan: rate was 40/s, is" in told


def test_the_last_saved_baseline_is_found_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "baseline").mkdir()
    saved(tmp_path / "baseline")
    monkeypatch.chdir(tmp_path)
    place = quick_run().write(tmp_path / "run")
    assert "## Since the Last Baseline" in production(place).output


def test_without_a_baseline_the_section_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Since the Last Baseline" not in production(quick_run().write(tmp_path / "run")).output


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    baseline = saved(tmp_path, baseline={"schema_version": 1, "source": "run"})
    assert "Since the Last" not in production(quick_run().write(tmp_path / "run"), "--baseline", baseline).output


def test_a_named_baseline_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = production(quick_run().write(tmp_path / "run"), "--baseline", tmp_path / "none.json")
    assert isinstance(result.exception, LoadgenError)
    assert "none.json: there is no such baseline; leave --baseline out" in str(result.exception)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "empty"), (b"{", "not JSON"), (b"[]", "not a JSON object")],
    ids=["empty", "cut", "foreign"],
)
def test_a_baseline_that_cannot_be_read_keeps_no_report_from_being_made(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    result = production(quick_run().write(tmp_path / "run"), "--baseline", path)
    assert result.return_value == 0
    assert f"- the baseline's file: {complaint}" in result.output


def test_one_damaged_block_makes_all_latencies_of_a_baseline_unknown(tmp_path: Path) -> None:
    found = read_previous(saved(tmp_path, client={"unit_s": 10, "blocks": [block(20), {"response": "xx"}]}))
    assert "p95_client" not in found.figures
    assert found.complaints == ("client.blocks[1] is damaged; no latency of this file is used",)
    assert found.figures["error"] == 1.0
