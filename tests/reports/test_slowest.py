"""The slowest requests of a run with trace contexts stand in its report, so that they can be looked up elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.render.client import requests
from reports.render.write_markdown import write_sections
from tests.support.judging import judge
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

SLOW = {
    "request_trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "endpoint": "/api/v2/hello",
    "outcome": "http_5xx",
    "response_ms": 1_250.0,
    "due_s": 12.5,
}


def page(tmp_path: Path, *slowest: object) -> str:
    run = quick_run(summary={"slowest_requests": list(slowest)})
    return "\n".join(write_sections(requests(judge(tmp_path, run))))


def test_the_slowest_requests_are_named_by_their_trace_ids(tmp_path: Path) -> None:
    shown = page(tmp_path, SLOW, "what is no object is passed over")

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown.splitlines()]
    assert ["Slowest: trace id", "Endpoint", "Ending", "Response", "Due at"] in cells
    assert [f"`{SLOW['request_trace_id']}`", "`/api/v2/hello`", "`http_5xx`", "1,250 ms", "12.5 s"] in cells


def test_without_trace_contexts_there_is_no_table(tmp_path: Path) -> None:
    assert "trace id" not in page(tmp_path)
