"""Signals that ask a process to end, whatever it is doing then."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time

from loadgen.core.end_signal import EndSignal

_WAITER = """
import signal
from loadgen.core.end_signal import EndSignal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("waiting", flush=True)
for _ in range(1_000):
    with EndSignal(signal.SIGTERM) as asked:
        while not asked.wait(0.001):
            pass
        for _ in range(20):
            asked.wait(0)
print("ended", flush=True)
"""


def test_a_signal_that_comes_is_seen_and_stays_so() -> None:
    with EndSignal(signal.SIGUSR1) as asked:
        assert not asked.wait(0)
        signal.raise_signal(signal.SIGUSR1)
        assert [asked.wait(0), asked.wait(10)] == [True, True]


def test_what_was_done_with_a_signal_before_is_done_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with EndSignal(signal.SIGUSR1):
        assert signal.getsignal(signal.SIGUSR1) is not before

    assert signal.getsignal(signal.SIGUSR1) is before


def test_one_wait_ends_as_soon_as_the_signal_comes() -> None:
    with EndSignal(signal.SIGALRM) as asked:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        begun = time.monotonic()
        assert asked.wait(30)
        assert time.monotonic() - begun < 10


def test_signals_at_every_step_of_a_wait_block_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", _WAITER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        while not select.select([process.stdout], [], [], 0)[0]:
            process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "ended\n"
    assert process.returncode == 0
