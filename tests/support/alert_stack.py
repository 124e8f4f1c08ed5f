"""A real Prometheus with alerting rules, and a real Pushgateway for it to scrape, on loopback."""

from __future__ import annotations

import contextlib
import json
import shutil
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from tests.support.debian import program
from tests.support.rule_stack import free_address, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAMS = {"prometheus": "prometheus", "prometheus-pushgateway": "prometheus-pushgateway"}
"""The programs, and the Debian packages that they come in."""


def missing() -> str:
    """Return which packages are missing, as a reason to skip; empty when all are there."""
    absent = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def pushgateway() -> Iterator[str]:
    """Run a Pushgateway that keeps nothing on disk; yield its base URL."""
    address = free_address()
    url = f"http://{address}"
    # Debian's keeps its groups in a file of the system unless it is told otherwise
    command = [
        program("prometheus-pushgateway"),
        f"--web.listen-address={address}",
        "--persistence.file=",
        "--log.level=error",
    ]
    with running(command, url):
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
    address = free_address()
    command = [program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}"]
    with running([*command, f"--web.listen-address={address}", "--log.level=error"], f"http://{address}"):
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
