"""The page asks for nothing, lets nothing in, and says what the markdown says."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from loadgen.core.secret_shapes import MASK
from reports.analysis.quantity import Unit, count, show
from reports.cli import report
from reports.render.page import inline
from reports.web.assets import load_assets
from tests.support.golden import RUNS, judged, reports, whole_page
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "/x<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def page_of(place: Path) -> str:
    page = place.parent / "page.html"
    result = CliRunner().invoke(report, ["production", str(place), "--html", str(page)], standalone_mode=False)
    assert result.exception is None, result.exception
    return page.read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Every element of a page with its attributes; text within an unclosed element would show as wrong nesting."""

    VOID = frozenset({"meta", "link", "br", "line", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_asks_for_no_other_file() -> None:
    for run in RUNS:
        for tag, attributes in Tags(whole_page(run)).found:
            assert tag not in ("img", "iframe", "object", "embed", "base", "form", "audio", "video")
            assert "src" not in attributes
            assert attributes.get("href", "data:,") == "data:,"
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert "@import" not in whole_page(run)
        assert "url(" not in load_assets().style


def test_every_element_is_closed_where_it_should_be() -> None:
    for run in RUNS:
        assert Tags(whole_page(run)).open == []


def test_the_policy_lets_exactly_the_parts_of_the_page_act() -> None:
    page = whole_page(RUNS[0])
    (policy,) = (tag[1]["content"] for tag in Tags(page).found if "http-equiv" in tag[1])
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert len(re.findall(r"'sha256-[A-Za-z0-9+/]{43}='", policy)) == 3


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    endpoint = {"sent": 1, "done": 1, "failed": 0, "p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0, "max_ms": 1.0}
    run = quick_run(
        metadata={
            "base_url": f"http://127.0.0.1{HOSTILE}", "environment": HOSTILE, "run_id": HOSTILE, "notes": [HOSTILE],
            "fingerprint": {HOSTILE: HOSTILE}, "status": "aborted_circuit_breaker",
            "breaker": {"enabled": True, "trip": {"input": HOSTILE, "metric": HOSTILE, "rule": HOSTILE,
                        "at": "2026-03-01T12:00:02Z", "value": 1, "threshold": 0.02}},
        },
        summary={"endpoints": {HOSTILE: endpoint, "/y": endpoint}},
    )  # fmt: skip
    place = run.write(tmp_path / "run")
    (place / "events.jsonl").write_bytes(
        orjson.dumps({"ts": "2026-03-01T12:00:01Z", "t_s": 1.0, "event": "gap", "text": HOSTILE}) + b"\n"
    )
    page = page_of(place)
    tags = Tags(page)
    assert tags.open == []
    assert [name for name, _ in tags.found].count("script") == 3
    assert "img" not in [name for name, _ in tags.found]
    assert page.count(unescape("&lt;") + "script>alert(1)") == 0
    assert page.count("&lt;script&gt;alert(1)") > 5


def test_a_secret_in_a_run_is_masked_in_the_page_and_the_scripts_stay_whole(tmp_path: Path) -> None:
    run = quick_run(metadata={"notes": ["Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789"]})
    page = page_of(run.write(tmp_path / "run"))
    assert "abcdefghijklmnopqrstuvwxyz0123456789" not in page
    assert MASK in page
    assets = load_assets()
    assert all(text in page for text in (assets.style, assets.library, assets.script, assets.policy(scripts=True)))


def figures(text: str) -> list[str]:
    """Return every figure with its unit that stands in a text, in order."""
    return re.findall(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?: (?:%|ms|MB)|/s)?", text)


def words(page: str) -> str:
    """Return what a page says in its sections: markup away, entities read."""
    body = re.sub(
        r"<(script|style)[^>]*>.*?</\1>", "", page[page.index('<section id="conclusion">') :], flags=re.DOTALL
    )
    return unescape(re.sub(r"<[^>]+>", " ", body[: body.index('<p class="foot">')]))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_markdown_and_page_hold_the_same_figures_in_the_same_order(run: Path) -> None:
    markdown, page = (next(text for path, text in reports(run).items() if path.name.endswith(end))
                      for end in ("production-report.md", "report.html"))  # fmt: skip
    sections = markdown[markdown.index("## Conclusion") :].replace("\\|", "|").replace("\\[", "[").replace("\\]", "]")
    listed = re.sub(r"^\d+\. ", "", sections, flags=re.MULTILINE)
    assert figures(unescape(listed)) == figures(words(page))
    assert len(figures(listed)) > 200


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_the_charts_show_what_the_record_says(run: Path) -> None:
    page = whole_page(run)
    data = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    charts = {chart["id"]: chart for chart in orjson.loads(data[1])}
    assert {"latency", "rate", "errors", "memory", "processor", "spectrum"} == set(charts)
    sent = next(line for line in charts["rate"]["groups"][0]["lines"] if line["name"] == "sent")
    totals = orjson.loads((run / "summary.json").read_bytes())["totals"]
    assert sum(sent["values"]) == totals["sent"]
    response = charts["spectrum"]["groups"][0]
    highest = orjson.loads((run / "summary.json").read_bytes())["metrics"]["http_req_duration"]["values"]["max"]
    assert response["lines"][0]["values"][-1] == pytest.approx(highest, rel=0.002)


def test_a_gap_a_restart_and_a_trip_are_marked() -> None:
    wounded, tripped = whole_page(RUNS[2]), whole_page(RUNS[1])
    assert 'class="mark k-gap"' in wounded
    assert 'class="mark k-reset"' in wounded
    assert 'class="mark k-breaker"' in tripped
    assert "tripped on the client&#39;s own count of failures" in tripped


def test_code_in_a_text_is_marked_and_a_lone_backquote_is_a_backquote() -> None:
    assert inline("see `a<b` & c") == "see <code>a&lt;b</code> &amp; c"
    assert inline("a ` b") == "a ` b"


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_the_json_holds_the_figures_that_the_table_shows(run: Path, tmp_path: Path) -> None:
    """Every line of the summary table, rounded from the JSON's figure as the table rounds."""
    target = tmp_path / "report.json"
    result = CliRunner().invoke(report, ["production", str(run), "--json", str(target)], standalone_mode=False)
    document = orjson.loads(target.read_bytes())
    assert (document["exit_code"], document["run_id"]) == (result.return_value, judged(run).run.name)
    markdown = next(text for path, text in reports(run).items() if path.name.endswith("production-report.md"))
    units = {"%": Unit.PERCENT, "s": Unit.SECONDS, "MB": Unit.MEGABYTES}
    compared = 0
    for check in document["checks"]:
        line = next((line for line in markdown.splitlines() if line.startswith(f"| {check['title']} ")), None)
        if check["target"] is None:
            continue
        assert line is not None
        shown, lowest, highest = (cell.strip() for cell in line.split("|")[2:5])
        unit, rows = units[check["unit"]], check["samples"] or {"minimum": None, "maximum": None}
        assert shown == show(check["value"], unit, beside=check["target"])
        assert (lowest, highest) == (show(rows["minimum"], unit), show(rows["maximum"], unit))
        compared += 1
    assert compared == 16
    response = next(line for line in document["client_latency"] if line["clock"] == "response")
    assert f"| response    | {count(response['count']):>5} |" in markdown
    assert show(response["p99_s"], Unit.SECONDS) in markdown


def test_the_conclusion_can_be_had_alone() -> None:
    result = CliRunner().invoke(report, ["production", str(RUNS[0]), "--conclusion"], standalone_mode=False)
    assert result.output.startswith("## Conclusion\n\nConclusion: pass. The service was sent 1,440 requests at 80/s")
    assert result.return_value == 0
