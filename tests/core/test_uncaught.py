"""A forced traceback shows no secret, wherever it comes from."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import asyncio, gc, logging, sys, threading
from loadgen.core.redact import Redactor, Secret
from loadgen.core.uncaught import mask_uncaught
mask_uncaught(Redactor([Secret("opensesame")]))
def fail():
    raise ConnectionError("redis://:opensesame@cache refused opensesame")  # not-a-secret
"""


def _stderr_of(body: str) -> str:
    command = [sys.executable, "-c", START + body]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        ("fail()", "Traceback (most recent call last):"),
        ("t = threading.Thread(target=fail, name='writer'); t.start(); t.join()", "exception in thread writer:"),
        (
            "async def main():\n"
            "    async def task(): fail()\n"
            "    asyncio.ensure_future(task()); await asyncio.sleep(0); await asyncio.sleep(0); gc.collect()\n"
            "asyncio.run(main())",
            "ERROR asyncio: Task exception was never retrieved",
        ),
        (
            "try: fail()\nexcept ConnectionError: logging.exception('with %s', 'Bearer abcdefgh')",
            "ERROR root: with Bearer ***",
        ),
    ],
)
def test_a_traceback_is_masked(body: str, begins: str) -> None:
    shown = _stderr_of(body)
    assert shown.startswith(begins)
    assert "ConnectionError: redis://***@cache refused ***" in shown
    assert "opensesame" not in shown.replace('Secret("opensesame")', "")


def test_a_thread_that_exits_by_itself_is_silent() -> None:
    assert _stderr_of("t = threading.Thread(target=sys.exit, args=(3,)); t.start(); t.join()") == ""
