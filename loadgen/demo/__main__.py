"""The demo service as a child process: `python -m loadgen.demo`; its first line of output is {"url", "pid"}.

Where it has a Valkey server of its own the line has {"redis_url"} too.

Everything but the port and the first faults comes from the environment; `loadgen demo` is the command for people.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from functools import partial

import orjson

from loadgen.core.errors import ExitCode, InputError
from loadgen.demo.faults import initial_faults
from loadgen.demo.parent import die_with_parent
from loadgen.demo.server import serve
from loadgen.demo.settings import read_settings
from loadgen.demo.valkey import with_server


def announce(url: str, own_redis_url: str = "") -> None:
    """Write the one line that whoever started us waits for."""
    line = {"url": url, "pid": os.getpid(), **({"redis_url": own_redis_url} if own_redis_url else {})}
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    """Read the arguments, serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.demo", description="The demo service on 127.0.0.1.")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any (default: PORT, else any)")
    parser.add_argument("--faults", default="{}", help="faults from the start, as JSON")
    parser.add_argument("--die-with", type=int, metavar="PID", help="end when this parent process ends")
    given = parser.parse_args()
    try:
        settings = replace(read_settings(os.environ), faults=initial_faults(given.faults))
        if given.port is not None:
            settings = replace(settings, port=given.port)
        if given.die_with is not None and not die_with_parent(given.die_with):
            return ExitCode.OK
        with with_server(settings, os.environ) as settings:
            own = settings.redis_url.reveal() if settings.own_redis and settings.redis_url else ""
            serve(settings, partial(announce, own_redis_url=own))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
