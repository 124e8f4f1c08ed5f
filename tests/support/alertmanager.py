"""A real Alertmanager on loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def alertmanager(directory: Path) -> Iterator[str]:
    """Run an Alertmanager whose only receiver does nothing; yield its base URL once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = directory / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={directory / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"],
    )  # fmt: skip
    try:
        _wait_ready(url)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait_ready(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url + "/-/ready", timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline, "the Alertmanager does not become ready"
            time.sleep(0.1)


def alerts(url: str) -> list[dict[str, Any]]:
    """Return the alerts that stand."""
    with urllib.request.urlopen(url + "/api/v2/alerts", timeout=5) as response:
        found: list[dict[str, Any]] = json.load(response)
        return found
