"""Every query of the load generator's own row, asked of a real Prometheus that scraped a run."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

from loadgen.view.self_metrics import FAMILIES
from reports.analysis.dashboard.generator import generator_row
from reports.loader.thresholds import load_thresholds
from tests.support.daemons import free_port
from tests.support.debian import program
from tests.support.processes import against, service, start_loadgen, wait_until
from tests.support.prometheus import prometheus

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.dashboard import Query

ROW = generator_row(load_thresholds())
QUERIES = [(panel.title, query) for panel in ROW.panels for query in panel.queries]


def test_every_name_of_the_row_is_one_that_a_run_exposes() -> None:
    names = {family.name for family in FAMILIES}
    for title, query in QUERIES:
        asked = set(re.findall(r"\bloadgen_\w+", query.expr))
        assert asked, title
        assert {word.removesuffix("_bucket") for word in asked} <= names, title


def _has_data(url: str, query: Query) -> bool:
    asked = urllib.parse.urlencode({"query": query.expr.replace("$__rate_interval", "10s")})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as response:
        found = json.load(response)["data"]["result"]
    return any(item["value"][1] != "NaN" for item in found)


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_no_panel_of_the_row_is_empty_while_a_run_serves_its_metrics(tmp_path: Path) -> None:
    program("prometheus")
    port = str(free_port())
    with service("loadgen.demo") as demo, prometheus(tmp_path, f"127.0.0.1:{port}") as url:
        run = start_loadgen(
            *against(demo, "--rate", "50", "--samples", "6", "--interval", "5s", "--warmup", "0s", "--self-metrics"),
            port, cwd=tmp_path,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 35
            wait_until(lambda: _answers(url), timeout_s=20, what="Prometheus answers")
            while empty := [title for title, query in QUERIES if not _has_data(url, query)]:
                assert time.monotonic() < deadline, empty
                assert run.poll() is None, run.stdout and run.stdout.read()
                time.sleep(0.5)
        finally:
            run.terminate()
            run.communicate(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2):
            return True
    except OSError:
        return False
