"""What a worker learns about itself."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loadgen.worker import host
from loadgen.worker.host import (
    CollectorWatch,
    HostReading,
    ask_for_short_slices,
    descriptors,
    give_memory_back,
    throttled_ns,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_pauses_of_the_collector_are_counted_while_the_watch_is_installed() -> None:
    watch = CollectorWatch()
    watch.install()
    try:
        gc.collect()
        gc.collect(0)
    finally:
        watch.remove()
        gc.unfreeze()
    counted = watch.pauses
    gc.collect()

    assert counted == watch.pauses >= 2
    assert 0 < watch.max_ns <= watch.total_ns


def test_a_reading_tells_what_passed_since() -> None:
    reading = HostReading.take()
    sum(range(200_000))

    passed = reading.since()

    assert passed["wall_ns"] > 0
    assert passed["cpu_ns"] > 0
    assert passed["throttled_ns"] >= 0
    assert 3 <= passed["descriptors"] <= passed["descriptor_limit"]


def test_an_opened_descriptor_is_seen() -> None:
    before = descriptors()
    reading, writing = os.pipe()
    try:
        assert descriptors() == before + 2
    finally:
        os.close(reading)
        os.close(writing)


def test_throttling_is_read_from_both_kinds_of_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing, new, old, none = (tmp_path / name for name in ("missing", "new", "old", "none"))
    new.write_text("usage_usec 5\nthrottled_usec 1234\n")
    old.write_text("nr_periods 1\nthrottled_time 77\n")
    none.write_text("usage_usec 5\n")

    def read(*paths: Path) -> int:
        monkeypatch.setattr(host, "_CPU_STAT_FILES", paths)
        return throttled_ns()

    assert [read(missing, new), read(old), read(none), read(missing)] == [1_234_000, 77, 0, 0]


def test_short_slices_are_asked_for_without_changing_anything_else() -> None:
    before = (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))
    assert ask_for_short_slices() in (True, False)
    assert (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)) == before


def test_where_the_call_is_not_known_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_SCHED_ATTR_CALLS", {})
    assert ask_for_short_slices() is False


_AFTER_A_LARGE_BLOCK = """
import sys
from loadgen.worker.host import give_memory_back

def private_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

if sys.argv[1] == "bounded":
    assert give_memory_back()
large = bytearray(4_000_000)
del large  # from here on glibc would keep eight million bytes at the end of its heap
before = private_kib()
blocks = [bytearray(100_000) for _ in range(30)]
del blocks
print(private_kib() - before)
"""


def kept_kib(how: str) -> int:
    command = [sys.executable, "-c", _AFTER_A_LARGE_BLOCK, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)


def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    if not give_memory_back():
        pytest.skip("this C library has no mallopt")
    assert kept_kib("as it is") > 1_000
    assert kept_kib("bounded") < 300
