"""Two runs side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.baselines import call, code, long_run, validation, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_both_runs_are_shown_with_effect_percentiles_and_course(tmp_path: Path) -> None:
    one, two = (long_run(slower=by, run_id=name).write(tmp_path / name) for name, by in (("one", 1.0), ("two", 1.5)))
    result = call("compare", one, two, "--html", tmp_path / "page.html")

    assert code(result) == 0
    assert re.search(r"Response p95 +\| +119\.9 ms|Response p95 +\| +120(\.\d)? ms", result.output)
    assert "+50.0" in result.output or "+49.9" in result.output
    assert "first   ▅▅▅▅▅▅▅▅▅▅▅▅" in result.output or "first   ▆▆▆▆▆▆▆▆▆▆▆▆" in result.output
    assert "second  ████████████" in result.output


def test_the_page_draws_both_and_loads_nothing(tmp_path: Path) -> None:
    one, two = (long_run(run_id=name).write(tmp_path / name) for name in ("one", "two"))
    call("compare", one, two, "--html", tmp_path / "page.html", "-o", tmp_path / "page.md")
    page = (tmp_path / "page.html").read_text()
    course, spectrum = re.findall(
        r'<svg class="chart-svg".*?</svg>\n</svg>|<svg class="chart-svg".*?</figure>', page, re.DOTALL
    )
    assert set(re.findall(r'class="line (t-[\w-]+ s-\w+)"', course)) == {
        "t-client s-plain", "t-client-soft s-dashed", "t-server s-plain", "t-server-soft s-dashed",
    }  # fmt: skip
    assert set(re.findall(r'class="line (t-[\w-]+ s-\w+)"', spectrum)) == {"t-client s-plain", "t-server s-plain"}
    assert "default-src 'none'" in page
    assert not re.search(r"<link (?!rel=\"icon\" href=\"data:,\")|<script[^>]* src=|@import", page)
    assert (tmp_path / "page.md").read_text().startswith("# Two runs side by side")


def test_what_makes_them_hard_to_compare_is_said(tmp_path: Path) -> None:
    one = long_run(run_id="one").write(tmp_path / "one")
    two = long_run(run_id="two", metadata={"workers": 4, "rate_per_s": 50.0}).write(tmp_path / "two")
    output = call("compare", one, two).output
    assert "another load: workers: 4 in two, 1 in the first" in output
    assert "the baseline" not in output
    assert "another load: rate per s: 50 in two, 10 in the first" in output


def test_markup_in_a_run_stays_text(tmp_path: Path) -> None:
    one = long_run(run_id="<script>alert(1)</script>").write(tmp_path / "one")
    two = long_run(run_id="two").write(tmp_path / "two")
    call("compare", one, two, "--html", tmp_path / "page.html")
    assert "<script>alert" not in (tmp_path / "page.html").read_text()


def test_runs_without_latencies_are_compared_by_what_they_have(tmp_path: Path) -> None:
    files = [write_json(tmp_path / name, validation()) for name in ("one.json", "two.json")]
    result = call("compare", *files, "--html", tmp_path / "page.html")
    assert code(result) == 0
    assert "Not compared, the runs under test have no latencies of blocks" in result.output
    assert 'chart-svg" role' not in (tmp_path / "page.html").read_text()
