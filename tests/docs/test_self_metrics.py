"""Every command of docs/SELF_METRICS.md works, and a scraper that stands still does not change the run."""

from __future__ import annotations

import json
import re
import shlex
import socket
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from tests.support.processes import loadgen, service, start_loadgen, wait_until
from tests.support.prometheus import prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import Service

pytestmark = pytest.mark.stack

PAGE = (Path(__file__).parents[2] / "docs" / "SELF_METRICS.md").read_text()
COMMANDS = re.findall(r"```console\n(loadgen run [^\n]*)\n```", PAGE)
DONE = (ExitCode.OK, ExitCode.INVALID)
"""Beside others on a busy machine the measurement may be INVALID; what was sent is exact all the same."""


@pytest.fixture(scope="module")
def null() -> Iterator[Service]:
    with service("loadgen.demo.null") as running:
        yield running


def arguments(command: str, null: Service) -> list[str]:
    words = shlex.split(command.replace("http://127.0.0.1:8901", null.url).replace("9464", "0"))[1:]
    return [*words, "--quiet"]


def test_both_ways_have_a_command() -> None:
    assert len(COMMANDS) == PAGE.count("```console") == 2
    assert ["--self-metrics" in COMMANDS[0], "--metrics-textfile" in COMMANDS[1]] == [True, True]


def test_a_scraper_that_stands_still_does_not_change_the_run(null: Service, tmp_path: Path) -> None:
    process = start_loadgen(*arguments(COMMANDS[0], null), "--out", "kept", cwd=tmp_path)
    assert process.stdout is not None
    line = process.stdout.readline()
    url = re.fullmatch(r"loadgen: own metrics at (http://127\.0\.0\.1:(\d+)/metrics)\n", line)
    assert url is not None, line
    stuck = [socket.create_connection(("127.0.0.1", int(url[2]))) for _ in range(12)]
    for one in stuck[:6]:
        one.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    with urllib.request.urlopen(url[1], timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"loadgen_build_info" in answer.read()
    said = process.stdout.read()
    code = process.wait(60)
    process.stdout.close()
    for one in stuck:
        one.close()

    assert code in DONE, said
    assert "150 sent, 150 done" in said


def test_the_textfile_has_the_same_counts_as_the_summary_at_the_end(null: Service, tmp_path: Path) -> None:
    ended = loadgen(*arguments(COMMANDS[1], null), cwd=tmp_path)

    assert ended.returncode in DONE, ended.stderr
    page = (tmp_path / "loadgen.prom").read_text()
    for line in (
        'loadgen_requests_total{state="scheduled"} 150',
        'loadgen_requests_total{state="done"} 150',
        "loadgen_response_seconds_count 150",
        'loadgen_phase_info{phase="end"} 1',
        f"loadgen_run_exit_code {ended.returncode}",
    ):
        assert f"\n{line}\n" in page


@pytest.mark.timeout(90)
def test_a_real_prometheus_reads_the_page_and_its_histogram(null: Service, tmp_path: Path) -> None:
    command = ["run", null.url, "--rate", "100", "-d", "12s", "--quiet", "--self-metrics", "0"]
    process = start_loadgen(*command, cwd=tmp_path)
    assert process.stdout is not None
    url = process.stdout.readline().strip().rpartition(" ")[2]
    target = url.removeprefix("http://").partition("/")[0]
    found: dict[str, float] = {}

    with prometheus(tmp_path, target) as server:

        def answered() -> bool:
            for query in (
                'loadgen_requests_total{state="sent"} > 200',
                "histogram_quantile(0.5, loadgen_response_seconds_bucket)",
                'loadgen_validity{state="VALID"}',
            ):
                asked = f"{server}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
                try:
                    with urllib.request.urlopen(asked, timeout=5) as answer:
                        result = json.load(answer)["data"]["result"]
                except OSError:
                    return False
                if not result:
                    return False
                found[query] = float(result[0]["value"][1])
            return True

        wait_until(answered, timeout_s=40, what="Prometheus has scraped the run twice")
    process.stdout.read()
    process.wait(60)
    process.stdout.close()

    assert 0 < found["histogram_quantile(0.5, loadgen_response_seconds_bucket)"] < 1
