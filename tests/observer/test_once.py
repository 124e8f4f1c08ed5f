"""`observer once` and `observer profile`: the answers that preflight, drills and reports rely on."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.messages import ObservePlan
from observer.cli import observer
from observer.once import observe_once
from tests.support.metrics_server import FakePrometheus, Samples, serving, text
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (
    '# TYPE metasheet_fallback_total counter\nhttp_requests_total{{status="200"}} {}\nprocess_start_time_seconds {}\n'
)


async def once(url: str, times: int = 1, **changes: Any) -> dict[str, Any]:
    plan = ObservePlan([url], 10**9, 1, "", "", **changes)
    return await observe_once(plan, times, pause_s=0.001)


async def test_it_tells_what_feeds_what_and_the_counters() -> None:
    async with serving(text(PAGE.format(500, 1000))) as server:
        found = await once(server.url + "/m")
    assert (found["ok"], found["mode"], found["error"], found["several_processes"]) == (True, "exposition", "", False)
    assert found["metrics"]["requests"] == "http_requests_total"
    assert found["metrics"]["memory"] == ""
    assert (found["counters"]["requests"], found["counters"]["raw_fallback"]) == (500, 0)
    assert found["start_times"] == [1000]
    assert "memory" in found["missing"]


async def test_five_scrapes_of_one_process_are_one_process() -> None:
    numbers = itertools.count(500, 3)
    async with serving(text(lambda: PAGE.format(next(numbers), 1000))) as server:
        found = await once(server.url, times=5)
    assert (found["ok"], found["times"], server.requests, len(server.peers)) == (True, 5, 5, 5)
    assert found["window"]["requests"] == 12


@pytest.mark.parametrize(
    "pages",
    [
        # start times in turn
        [PAGE.format(500, 1000), PAGE.format(9, 2000)],
        # the same start second, other counters
        [PAGE.format(500, 1000), PAGE.format(9, 1000)],
    ],
)
async def test_several_processes_behind_one_url_are_recognised(pages: list[str]) -> None:
    turns = itertools.cycle(pages)
    async with serving(text(lambda: next(turns))) as server:
        found = await once(server.url, times=5)
    assert (found["ok"], found["several_processes"]) == (False, True)
    assert found["error"].startswith("several processes answer behind one URL: ")
    assert "list every process's own metrics address in METRICS_URL" in found["hint"]


async def test_a_failure_is_an_answer_with_a_hint() -> None:
    async with serving(text("", status=401)) as server:
        found = await once(server.url + "/m")
    assert (found["ok"], found["metrics"]) == (False, {})
    assert found["error"] == f"{server.url}/m answered 401"
    assert "METRICS_AUTH_HEADER" in found["hint"]


async def test_a_prometheus_server_is_looked_at_too() -> None:
    samples: dict[tuple[str, str], Samples] = {("api", "a:80"): {("http_requests_total", (("status", "200"),)): 7.0}}
    async with serving(FakePrometheus(samples, up={("api", "a:80"): 1}).answer) as server:
        found = await once(server.url, times=2)
    assert (found["ok"], found["mode"], found["scrape_interval_s"]) == (True, "prometheus", 15.0)


async def test_the_header_comes_by_descriptor_and_the_answer_is_json(tmp_path: Path) -> None:
    async with serving(text(PAGE.format(500, 1000))) as server:
        reading, writing = os.pipe()
        os.write(writing, b"Authorization: Bearer s3cr3t\n")
        os.close(writing)
        command = [sys.executable, "-P", "-m", "observer", "once", "--json", "--metrics-url", server.url]
        process = subprocess.Popen(
            [*command, "--auth-header-fd", str(reading)],
            pass_fds=[reading],
            stdout=subprocess.PIPE,
            env=clean_environment(),
            cwd=tmp_path,
        )
        os.close(reading)
        output, _ = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    assert json.loads(output)["ok"] is True
    assert server.headers[0]["Authorization"] == "Bearer s3cr3t"


def test_a_metrics_url_that_nobody_serves_is_exit_2_with_the_hint() -> None:
    result = CliRunner().invoke(observer, ["once", "--metrics-url", "http://127.0.0.1:9/m"], standalone_mode=False)
    assert result.return_value == 2
    assert "not usable: http://127.0.0.1:9/m" in result.output
    assert "nobody accepts the connection" in result.output


def test_a_profile_is_told_as_json_with_its_selectors() -> None:
    result = CliRunner().invoke(observer, ["profile", "metasheet", "--json"])
    document = json.loads(result.output)
    assert document["mandatory"][0] == "success"
    source = document["metrics"]["plugin_reload"][0]
    assert source["parts"]["success"] == ['metasheet_plugin_reload_total{result="success"}']


def test_a_profile_is_told_for_people() -> None:
    result = CliRunner().invoke(observer, ["profile", "relay"])
    assert "relay: Action relay" in result.output
    assert "not applicable: raw_fallback, effective_fallback, cache_hit, plugin_reload, snapshot" in result.output


def test_a_profile_with_problems_is_exit_2_naming_them(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[requests]]\n")
    result = subprocess.run(
        [sys.executable, "-m", "observer", "profile", "mine.toml"],
        capture_output=True, text=True, cwd=tmp_path, check=False, env=clean_environment(),
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith(
        "observer: 1 problem; nothing was done:\n  - metric profile mine: requests[0].total"
    )


def test_help_names_every_command() -> None:
    output = CliRunner().invoke(observer, ["--help"]).output
    for name in ("observe", "once", "profile"):
        assert f"  {name} " in output
    assert "child" not in output
