"""Charts: where a figure lands, what a gap looks like, and that no text of others becomes markup."""

from __future__ import annotations

import re

import orjson
import pytest

from reports.model.chart import Across, Chart, Group, Limit, Line, Mark, Stroke, Tone
from reports.render.chart_plot import plot_json
from reports.render.chart_svg import svg
from reports.render.scale import Scale, across_scale, across_ticks, round_step, up_scale, up_ticks


def chart(*lines: Line, xs: tuple[float, ...] = (0.0, 50.0, 100.0), **others: object) -> Chart:
    return Chart("c", "Title", "ms", Across.TIME, (Group(xs, lines),), **others)  # type: ignore[arg-type]


def test_a_linear_axis_begins_at_nothing_and_ends_at_a_round_figure() -> None:
    scale = up_scale(chart(Line("p50", (10.0, 43.0, 20.0))))
    assert (scale.low, scale.high) == (0.0, 50.0)
    assert [(tick.at, tick.text) for tick in up_ticks(scale)] == [
        (0.0, "0"), (0.2, "10"), (0.4, "20"), (0.6, "30"), (0.8, "40"), (1.0, "50"),
    ]  # fmt: skip


def test_a_logarithmic_axis_spans_whole_decades() -> None:
    scale = up_scale(chart(Line("p50", (0.0, 3.0, 250.0)), log=True))
    assert (scale.low, scale.high) == (1.0, 1000.0)
    assert [tick.text for tick in up_ticks(scale)] == ["1", "10", "100", "1,000"]
    assert Scale(1.0, 100.0, log=True).place(10.0) == pytest.approx(0.5)


def test_each_nine_takes_the_same_room() -> None:
    line = Line("response", (1.0, 2.0, 3.0))
    spectrum = Chart("s", "Spectrum", "ms", Across.QUANTILE, (Group((1.0, 100.0, 1e4), (line,)),))
    ticks = across_ticks(spectrum, across_scale(spectrum))
    assert [tick.text for tick in ticks] == ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]
    assert [tick.at for tick in ticks[2:]] == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_a_gap_is_a_gap_and_never_nothing() -> None:
    drawn = svg(chart(Line("p50", (10.0, None, 20.0))))
    (path,) = re.findall(r' d="([^"]*)"', drawn)
    assert path == "M0 110.4L0 110.4M1000 36.8L1000 36.8"
    (read,) = orjson.loads(plot_json([chart(Line("p50", (10.0, None, 20.0)))]))
    assert read["groups"][0]["lines"][0]["values"] == [10.0, None, 20.0]


def test_an_interval_is_held_until_the_next() -> None:
    drawn = svg(chart(Line("server", (10.0, 20.0, 20.0), Tone.SERVER, Stroke.STEP)))
    assert 'd="M0 110.4L0 110.4H500V36.8H1000V36.8"' in drawn


def test_a_hostile_name_stays_text() -> None:
    hostile = "</script><script>alert(1)</script>"
    drawn = Chart(
        "c", hostile, hostile, Across.TIME, (Group((0.0, 1.0), (Line(hostile, (1.0, 2.0)),)),),
        (Mark(0.5, '"><script>', hostile),), (Limit(2.0, hostile),),
    )  # fmt: skip
    assert "<script" not in svg(drawn)
    assert "</script" not in plot_json([drawn])
    assert orjson.loads(plot_json([drawn]))[0]["groups"][0]["lines"][0]["name"] == hostile


def test_a_chart_without_figures_says_so() -> None:
    assert chart(Line("p50", (None, None, None))).empty
    assert svg(chart(Line("p50", (None, None, None)))).count("<path") == 0


@pytest.mark.parametrize(("high", "step"), [(43.0, 10.0), (100.0, 20.0), (0.07, 0.02), (1e6, 200_000.0), (0.0, 1.0)])
def test_steps_are_round(high: float, step: float) -> None:
    assert round_step(high) == step
