"""The thread that writes files."""

from __future__ import annotations

import asyncio
import errno
import threading
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.writers import Scribe

if TYPE_CHECKING:
    from pathlib import Path


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_jobs_run_in_order_and_the_reserve_goes_at_the_end(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path, lambda sentence: None)
    done: list[int] = []
    for number in range(50):
        scribe.do("file", lambda number=number: done.append(number))  # type: ignore[misc]

    assert await scribe.done(NS_PER_S)
    assert done == list(range(50))
    assert (tmp_path / ".reserve").stat().st_size == 256 * 1024
    scribe.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_full_disk_is_told_once_and_gives_up_the_reserve_for_what_must_still_be_written(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    scribe = Scribe(tmp_path, told.append)
    scribe.do("metrics", full)
    scribe.do("metrics", full)
    scribe.do("metadata.json", lambda: (tmp_path / "metadata.json").touch())

    await scribe.done(NS_PER_S)
    await asyncio.sleep(0)

    assert told == [
        "metrics could not be written, the disk is full (No space left on device): free space and run again"
    ]
    assert (tmp_path / "metadata.json").exists()
    assert not (tmp_path / ".reserve").exists()
    scribe.close()


async def test_a_fault_of_ours_in_the_thread_reaches_the_loop(tmp_path: Path) -> None:
    told: list[str] = []
    scribe = Scribe(tmp_path, told.append)
    scribe.do("summary.json", lambda: [][1])

    await scribe.done(NS_PER_S)
    await asyncio.sleep(0)

    assert told == ["summary.json could not be written: IndexError: list index out of range"]
    scribe.close()


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    release = threading.Event()
    scribe = Scribe(tmp_path, lambda sentence: None)

    def hang() -> None:
        release.wait(20)

    scribe.do("file", hang)

    assert not await scribe.done(50 * NS_PER_MS)
    release.set()
    scribe.close()
