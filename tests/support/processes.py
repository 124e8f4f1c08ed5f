"""Real processes for tests: the demo service, the null server and the command itself, all on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.account import assert_accounts_add_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SETTINGS_PREFIXES = (
    "LOAD_", "SLO_", "PROD_JWT", "METRICS_", "API_BASE", "CACHE_IMPL", "ENABLE_", "COUNT_", "ALLOW_", "SLACK_", "ALERT",
    "ARCHIVE_",
)  # fmt: skip


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this environment without anybody's settings, those of a make around us included, plus `extra`."""
    foreign = (*_SETTINGS_PREFIXES, "MAKE", "MFLAGS", "ARGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | dict(extra or {})


class Service:
    """A service in a process of its own, with the demo service's fault panel where it is one."""

    def __init__(self, process: subprocess.Popen[str], announced: Mapping[str, Any]) -> None:
        self.process = process
        self.url = str(announced["url"])
        self.redis_url = str(announced.get("redis_url", ""))

    @property
    def pid(self) -> int:
        return self.process.pid

    def get(self, path: str) -> Any:
        """Return the JSON of a GET."""
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return json.load(response)

    def text(self, path: str) -> str:
        """Return the text of a GET."""
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return str(response.read().decode())

    def fault(self, **faults: object) -> None:
        """Change these faults of the panel and leave the others as they are."""
        request = urllib.request.Request(self.url + "/internal/fault", json.dumps(faults).encode(), method="PUT")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def received(self) -> int:
        """Return how many load requests have arrived."""
        return int(self.get("/internal/received")["requests"])

    def last_received_ns(self) -> int:
        """Return the monotonic time of the last load request's arrival, in ns."""
        return int(self.get("/internal/received")["last_at_ns"])

    def served(self) -> int:
        """Return the sum of http_requests_total, as the service exposes it."""
        lines = self.text("/metrics/prom").splitlines()
        return round(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("http_requests_total{")))


@contextmanager
def service(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Run `python -m module --port 0` and yield it once it says where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(env),
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, f"{module} said nothing and ended with {process.wait(5)}"
        yield Service(process, json.loads(line))
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        process.stdout.close()


def loadgen(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; whatever account of a load it printed or left below `cwd` must add up."""
    result = subprocess.run(
        [sys.executable, "-m", "loadgen", *arguments],
        cwd=cwd,
        env=clean_environment(env),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout_s,
        check=False,
    )
    assert_accounts_add_up(result.stdout, cwd)
    return result


def start_loadgen(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command; whoever calls waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "loadgen", *arguments],
        cwd=cwd,
        env=clean_environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )


DEMO_MIX = ("4 /api/v2/hello", "/health", "/api/plugins", "2 /api/data/item-1", "2 /api/data/item-2")
"""Endpoints of the demo service that give every mandatory metric data."""


def against(demo: Service, *arguments: str, profile: str = "dev") -> list[str]:
    """Return the arguments of a baseline against a running demo service."""
    endpoints = [word for endpoint in DEMO_MIX for word in ("--endpoint", endpoint)]
    return [
        "baseline", "--profile", profile, "--base-url", demo.url, "--metrics-url", demo.url + "/metrics/prom",
        *endpoints, *arguments,
    ]  # fmt: skip


def wait_until(condition: Any, *, timeout_s: float, what: str) -> None:
    """Poll until a condition holds; fail naming what did not happen."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


def run_directory(cwd: Path) -> Path:
    """Return the only run directory below `cwd`."""
    found = [path for path in (cwd / "results").glob("phase5-*") if path.is_dir()]
    assert len(found) == 1, found
    return found[0]
