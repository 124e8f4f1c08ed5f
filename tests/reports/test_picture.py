"""Pictures of charts: files that stand alone, in which everything drawn is named and no text becomes markup."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from click.testing import CliRunner

from reports.cli import report
from reports.model.chart import Across, Chart, Group, Limit, Line, Mark
from reports.render.picture import WIDTH, picture
from reports.web.assets import chart_style
from tests.support.golden import GOLDEN, RUN

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</style><script>alert(1)</script>&"


def texts_of(drawn: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def test_every_line_limit_and_mark_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(report, ["chart", str(GOLDEN / "demo-tripped"), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    said = texts_of((tmp_path / "latency.svg").read_text())
    assert {"Latency", "client p99", "server p99", "p99 target 250 ms"} <= set(said)
    assert any(text.startswith("1  0:14  tripped on the client's own count of failures") for text in said)
    assert "t = 0 is 2026-11-21 05:45:50 UTC" in said


def test_a_picture_asks_for_nothing_and_its_colours_follow_the_system(tmp_path: Path) -> None:
    CliRunner().invoke(report, ["chart", str(RUN), "--out", str(tmp_path)])
    found = {path.stem: path.read_text() for path in tmp_path.glob("*.svg")}
    assert set(found) == {"latency", "rate", "errors", "memory", "processor", "spectrum"}
    for drawn in found.values():
        assert "prefers-color-scheme: dark" in drawn
        assert "href" not in drawn
        assert "url(" not in drawn


def test_a_hostile_name_stays_text() -> None:
    chart = Chart(
        "c", HOSTILE, "ms", Across.TIME, (Group((0.0, 1.0), (Line(HOSTILE, (1.0, 2.0)),)),),
        (Mark(0.5, "gap", HOSTILE),), (Limit(2.0, HOSTILE),), note=HOSTILE,
    )  # fmt: skip
    said = texts_of(picture(chart, chart_style(), str))
    assert said.count(HOSTILE) == 4, "title, note, line and limit"
    assert f"1  0:01  {HOSTILE}" in said or f"1  0:00  {HOSTILE}" in said


def test_secrets_are_masked_in_what_it_says_and_the_style_is_left_alone() -> None:
    chart = Chart("c", "password", "ms", Across.TIME, (Group((0.0, 1.0), (Line("a", (1.0, 2.0)),)),))
    drawn = picture(chart, chart_style(), lambda text: text.replace("password", "***"))
    assert "***" in texts_of(drawn)
    assert chart_style() in drawn


def test_a_long_legend_goes_on_in_the_next_row() -> None:
    lines = tuple(Line(f"endpoint number {number} of this service", (1.0, 2.0)) for number in range(12))
    drawn = ElementTree.fromstring(picture(Chart("c", "T", "ms", Across.TIME, (Group((0.0, 1.0), lines),)), "", str))
    places = {
        (element.get("x"), element.get("y")): len(element.text or "")
        for element in drawn.findall(f"{SVG}text")
        if (element.text or "").startswith("endpoint")
    }
    assert len(places) == 12
    assert len({y for _, y in places}) > 1
    assert all(float(x or 0) + 6.6 * length <= WIDTH for (x, _), length in places.items())


def test_a_name_that_is_no_chart_is_refused_with_those_that_are() -> None:
    result = CliRunner().invoke(report, ["chart", str(RUN), "latency", "nope", "neither"])
    assert result.exception is not None
    assert str(result.exception) == (
        "2 problems; nothing was done:\n"
        "  - NAME = 'nope': is no chart of this run: it has latency, rate, errors, memory, processor, spectrum\n"
        "  - NAME = 'neither': is no chart of this run: it has latency, rate, errors, memory, processor, spectrum"
    )


def test_a_run_without_any_figure_has_nothing_to_draw(tmp_path: Path) -> None:
    metadata = json.loads((RUN / "metadata.json").read_text())
    kept = ("schema", "schema_version", "run_id", "status", "plan")
    (tmp_path / "metadata.json").write_text(json.dumps({key: metadata[key] for key in kept if key in metadata}))
    result = CliRunner().invoke(report, ["chart", str(tmp_path), "--list"])
    assert result.exception is not None
    assert "nothing was measured that could be drawn" in str(result.exception)
