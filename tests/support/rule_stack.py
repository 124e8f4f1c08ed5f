"""A real Prometheus and a real Alertmanager with the rules and routes of the repository, made quick, on loopback."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.debian import program
from tests.support.rule_terms import OPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RULES = ("recording-rules.yml", "alerts.yml")


@contextmanager
def running(command: Sequence[str], url: str) -> Iterator[None]:
    """Run a server until the block ends; begin once it is ready."""
    process = subprocess.Popen(list(command), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    try:
        while not _ready(url):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not become ready"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/-/ready", timeout=2):
            return True
    except OSError:
        return False


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def ask(url: str) -> Any:
    """Return the JSON of a GET."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


def quick_rules(directory: Path) -> list[str]:
    """Write the rules, evaluated every half second, their alerts held for nothing; the ranges stay as they are."""
    paths = []
    for name in RULES:
        text = (OPS / "prometheus" / name).read_text()
        text = re.sub(r"(?m)^(\s+interval: ).*$", r"\g<1>500ms", text)
        path = directory / name
        path.write_text(re.sub(r"(?m)^(\s+for: ).*$", r"\g<1>0s", text))
        paths.append(str(path))
    return paths


@contextmanager
def prometheus(directory: Path, targets: Sequence[str], alertmanager: str = "") -> Iterator[str]:
    """Scrape /metrics/prom of targets (host:port) every half second as the job `api`; yield the base URL."""
    managers = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}] if alertmanager else []
    document = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms", "scrape_timeout": "500ms"},
        "rule_files": quick_rules(directory),
        "alerting": {"alertmanagers": managers},
        "scrape_configs": [
            {"job_name": "api", "metrics_path": "/metrics/prom", "static_configs": [{"targets": list(targets)}]}
        ],
    }
    config = directory / "prometheus.yml"
    config.write_text(yaml.safe_dump(document))
    address = free_address()
    command = [
        program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address={address}", "--log.level=error",
    ]  # fmt: skip
    with running(command, f"http://{address}"):
        yield f"http://{address}"


@contextmanager
def alertmanager(directory: Path, webhook_url: str) -> Iterator[str]:
    """Run the routes of the repository with waits of a second, everything sent to one webhook; yield the base URL."""
    (directory / "page-token").write_text("tops3cret")
    (directory / "slack-webhook-url").write_text(f"{webhook_url}/slack")
    text = (OPS / "alertmanager" / "alertmanager.yml").read_text()
    text = text.replace("/etc/alertmanager/secrets", str(directory)).replace("http://127.0.0.1:9099", webhook_url)
    config = directory / "alertmanager.yml"
    config.write_text(re.sub(r"((?:group_wait|group_interval): ).*", r"\g<1>1s", text))
    address = free_address()
    command = [
        program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={directory / 'data'}",
        f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    with running(command, f"http://{address}"):
        yield f"http://{address}"
