"""A real Prometheus with alerting rules, and a real Pushgateway for it to scrape, on loopback."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAMS = {"prometheus": "prometheus", "prometheus-pushgateway": "prometheus-pushgateway"}
"""The programs, and the Debian packages that they come in."""


def missing() -> str:
    """Return which packages are missing, as a reason to skip; empty when all are there."""
    absent = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _running(command: Sequence[str], ready: str) -> Iterator[None]:
    process = subprocess.Popen(list(command), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            try:
                with urllib.request.urlopen(ready, timeout=2):
                    break
            except OSError:
                assert time.monotonic() < deadline, f"{command[0]} does not become ready"
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def pushgateway() -> Iterator[str]:
    """Run a Pushgateway that keeps nothing on disk; yield its base URL."""
    address = f"127.0.0.1:{_free_port()}"
    url = f"http://{address}"
    # Debian's keeps its groups in a file of the system unless it is told otherwise
    command = ["prometheus-pushgateway", f"--web.listen-address={address}", "--persistence.file=", "--log.level=error"]
    with _running(command, f"{url}/-/ready"):
        yield url


@contextlib.contextmanager
def prometheus_with_rules(
    directory: Path, pages: Sequence[str], rules: Sequence[Path], interval: str = "200ms"
) -> Iterator[str]:
    """Run a server that scrapes `pages` (whole URLs), believing their labels; yield its base URL."""
    scrapes = [
        {
            "job_name": f"page-{number}",
            "honor_labels": True,
            "metrics_path": urlsplit(page).path,
            "static_configs": [{"targets": [urlsplit(page).netloc]}],
        }
        for number, page in enumerate(pages)
    ]
    config = directory / "prometheus.yml"
    document = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": scrapes,
    }
    config.write_text(yaml.safe_dump(document))
    address = f"127.0.0.1:{_free_port()}"
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}"]
    with _running([*command, f"--web.listen-address={address}", "--log.level=error"], f"http://{address}/-/ready"):
        yield f"http://{address}"


def firing(prometheus: str) -> set[tuple[str, str]]:
    """Return (job, alert) of every alert that fires."""
    found = api(prometheus, "alerts")["alerts"]
    return {
        (alert["labels"].get("job", ""), alert["labels"]["alertname"]) for alert in found if alert["state"] == "firing"
    }


def api(prometheus: str, path: str) -> Any:
    """Return the data of an answer of the HTTP API."""
    with urllib.request.urlopen(f"{prometheus}/api/v1/{path}", timeout=5) as response:
        return json.load(response)["data"]
