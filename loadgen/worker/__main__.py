"""The load process: `python -P -m loadgen.worker --fd N --number K`, started by the supervisor only."""

from __future__ import annotations

import argparse
import os
import signal
import sys

import uvloop

from loadgen.core.errors import ExitCode
from loadgen.worker.host import ask_for_short_slices, give_memory_back, raise_descriptor_limit, set_death_signal
from loadgen.worker.session import Session


async def work(descriptor: int, number: int) -> ExitCode:
    """Serve the link until told to leave."""
    return await Session(number).run(descriptor)


def main() -> int:
    """Take the link over, close-on-exec first, and tie this process's life to its parent's."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.worker", description="A load process of loadgen run.")
    parser.add_argument("--fd", type=int, required=True, help="the inherited socket to the supervisor")
    parser.add_argument("--number", type=int, required=True, help="this worker's number in messages")
    options = parser.parse_args()
    os.set_inheritable(options.fd, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not set_death_signal():
        return ExitCode.SIGTERM
    raise_descriptor_limit()
    ask_for_short_slices()
    give_memory_back()
    return uvloop.run(work(options.fd, options.number))


if __name__ == "__main__":
    sys.exit(main())
