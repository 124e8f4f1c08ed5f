"""A baseline whose metrics come from a Prometheus server that scrapes the service every few seconds."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from loadgen.core.metadata import read_metadata
from tests.support.processes import DEMO_MIX, loadgen, run_directory, service, wait_until
from tests.support.prometheus import prometheus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def scrapes(server: str) -> int:
    """Return how often the server has scraped its target by now; 0 while it does not answer yet."""
    try:
        with urllib.request.urlopen(f"{server}/api/v1/query?query=count_over_time(up[5m])", timeout=5) as response:
            found = json.load(response)["data"]["result"]
    except urllib.error.URLError:
        return 0
    return int(found[0]["value"][1]) if found else 0


def test_the_window_has_the_load_and_nothing_of_the_warm_up(tmp_path: Path) -> None:
    endpoints = [word for endpoint in DEMO_MIX for word in ("--endpoint", endpoint)]
    with service("loadgen.demo") as demo:
        target = urlsplit(demo.url).netloc
        with prometheus(tmp_path, target, "/metrics/prom", "3s") as server:
            wait_until(lambda: scrapes(server) >= 3, timeout_s=60, what="three scrapes")
            ended = loadgen(
                "baseline", "--profile", "dev", "--base-url", demo.url, "--metrics-url", server, *endpoints,
                "--warmup", "4s", "--samples", "2", "--interval", "8s", cwd=tmp_path, timeout_s=150,
            )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    document = read_metadata(run_directory(tmp_path) / "metadata.json")
    assert document["metrics_mode"] == "prometheus"
    assert document["server_window"]["requests"] == document["load"]["sent"] == 80 * 16
    assert document["warmup"]["sent"] == 80
