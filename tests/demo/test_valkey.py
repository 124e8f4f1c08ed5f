"""The demo service's own Valkey server outlives nobody."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import psutil
import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is told by Linux alone")
def test_a_server_ends_with_a_keeper_that_is_killed_also_while_it_is_stopped() -> None:
    keeper = subprocess.Popen([sys.executable, "-P", "-m", "loadgen.demo.valkey"], stdout=subprocess.PIPE)
    try:
        assert keeper.stdout is not None
        with keeper.stdout:
            url = orjson.loads(keeper.stdout.readline())["url"]
        (server,) = psutil.Process(keeper.pid).children()
        server.send_signal(signal.SIGSTOP)
    finally:
        keeper.kill()
        keeper.wait()
    gone, alive = psutil.wait_procs([server], timeout=10)
    for process in alive:
        process.kill()
    shutil.rmtree(Path(url.removeprefix("unix://")).parent)
    assert gone == [server]
