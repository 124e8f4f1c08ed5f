"""`report serve` shows one page to this machine and nothing to anybody else."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.support.golden import RUN
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reports", "serve", str(RUN)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=clean_environment(),
    )
    try:
        assert process.stdout is not None
        told = re.match(r"http://127\.0\.0\.1:(\d+)/ shows ", process.stdout.readline())
        assert told is not None
        yield process, int(told[1])
    finally:
        process.kill()
        process.communicate(timeout=10)


def answer(port: int, path: str = "/", host: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_the_page_is_shown_until_ctrl_c(server: tuple[subprocess.Popen[str], int]) -> None:
    process, port = server
    status, text = answer(port)
    assert (status, '<p class="verdict">GO</p>' in text) == (200, True)
    assert answer(port, "/metadata.json")[0] == 404
    assert answer(port, host="evil.example:80")[0] == 403
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0


def test_a_place_that_is_no_run_is_said_before_anything_listens(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports", "serve", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "not a run directory" in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "reports", "serve", str(RUN), "--port", str(port)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: cannot be listened on (Address already in use); choose another --port" in done.stderr
