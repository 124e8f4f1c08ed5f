"""The table of accepted figures."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.__main__ import RESULTS
from benchmarks.accepted import accepted
from benchmarks.figure import compared, figure_of, result

ROOT = Path(__file__).parents[2]
WHERE = {"usable_processors": 2, "processor": "a processor", "at": "2026-01-02T03:04:05+00:00"}


def test_the_readme_shows_the_results_that_are_stored() -> None:
    assert accepted(RESULTS) in (ROOT / "README.md").read_text()


def test_figures_with_a_bar_are_shown_beside_their_peers(tmp_path: Path) -> None:
    runs = {"loadgen": [12.0, 11.0, 13.0], "wrk2": [10.0, 10.0, 10.0], "hey": [30.0, 30.0, 30.0]}
    figures = [
        compared("CPU", "us", runs, bar=1.25, goal=1.0, against="wrk2"),
        figure_of("size", "MB", [99.0], bar=80.0, goal=70.0),
        figure_of("no bar", "us", [1.0]),
    ]
    (tmp_path / "engine.json").write_text(json.dumps({**result(figures), "environment": WHERE}))

    assert accepted(tmp_path).splitlines() == [
        "Measured on 2 processors (a processor), 2026-01-02.",
        "",
        "| figure | loadgen | bar |  | others, same work |",
        "| --- | --- | --- | --- | --- |",
        "| CPU | 12 us, median of 3 | <= 1.25 x wrk2 | bar met | wrk2 10 (× 1.20), hey 30 |",
        "| size | 99 MB | <= 80 | MISSED |  |",
    ]


def test_nothing_stored_is_no_table(tmp_path: Path) -> None:
    assert accepted(tmp_path) == ""
