"""Prometheus, Alertmanager and Pushgateway themselves, on loopback, until a block ends."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.debian import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PORTS = range(12_000, 32_000)
"""Below those that the system gives to clients: nothing takes one between our look and the server's start."""


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


def free_port() -> int:
    """Return a port of 127.0.0.1 for a server that can't be told to choose one."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def prometheus(directory: Path, document: Mapping[str, Any]) -> Iterator[str]:
    """Run a server with this configuration; yield its base URL."""
    config = directory / "prometheus.yml"
    config.write_text(yaml.safe_dump(dict(document), width=1_000))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}", "--log.level=error",
    ]  # fmt: skip
    with running(command, f"http://{address}"):
        yield f"http://{address}"


@contextmanager
def alertmanager(directory: Path, document: Mapping[str, Any]) -> Iterator[str]:
    """Run a server with this configuration; yield its base URL."""
    config = directory / "alertmanager.yml"
    config.write_text(yaml.safe_dump(dict(document), width=1_000))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={directory / 'alerts'}",
        f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    with running(command, f"http://{address}"):
        yield f"http://{address}"


@contextmanager
def pushgateway() -> Iterator[str]:
    """Run a Pushgateway that keeps nothing on disk; yield its base URL."""
    address = f"127.0.0.1:{free_port()}"
    # Debian's keeps its groups in a file of the system unless it is told otherwise
    command = [
        program("prometheus-pushgateway"), f"--web.listen-address={address}", "--persistence.file=",
        "--log.level=error",
    ]  # fmt: skip
    with running(command, f"http://{address}"):
        yield f"http://{address}"


def ask(url: str) -> Any:
    """Return the JSON of a GET."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


def api(server: str, path: str) -> Any:
    """Return the data of an answer of a Prometheus's HTTP API."""
    return ask(f"{server}/api/v1/{path}")["data"]
