"""The lock and the pid files."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.errors import LoadgenError
from loadgen.run.lock import (
    Holder,
    LockHeldError,
    RunLock,
    alone_in,
    holder_of,
    pid_in_file,
    process_started,
    remove_pid_file,
    write_pid_file,
)
from loadgen.run.session import Terms, run_session
from tests.support.supervised import make_plan

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_run_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    with RunLock(tmp_path) as lock:
        with pytest.raises(LockHeldError, match=rf"pid {os.getpid()}, in its preflight"), RunLock(tmp_path):
            pass
        lock.name_run("/somewhere/phase5-dev-1")
        with pytest.raises(LockHeldError, match=rf"pid {os.getpid()}, /somewhere/phase5-dev-1"), RunLock(tmp_path):
            pass

    with RunLock(tmp_path):
        pass


def test_a_lock_that_is_given_back_leaves_no_file(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_its_holder_removed_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is opened, then removed by the run that ends, then locked: a third run would make and lock another."""
    lock = fcntl.flock
    opened: list[int] = []

    def lock_late(fd: int, how: int) -> None:
        if not opened:
            (tmp_path / ".lock").unlink()
        opened.append(fd)
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with RunLock(tmp_path):
        assert len(opened) == 2
        with pytest.raises(LockHeldError), RunLock(tmp_path):
            pass


def test_a_run_is_gone_on_with_by_one_command_at_a_time(tmp_path: Path) -> None:
    terms = Terms(
        tmp_path, {}, lambda _: pytest.fail("begun"), lambda _: pytest.fail("begun"), out=tmp_path, resume=True
    )
    with alone_in(tmp_path):
        with pytest.raises(LockHeldError, match="another command goes on with this run already"), alone_in(tmp_path):
            pass
        with pytest.raises(LockHeldError, match="another command"):
            asyncio.run(run_session(make_plan(5), terms))

    with alone_in(tmp_path):
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(LoadgenError, match="cannot be opened: No such file"), alone_in(tmp_path / "none"):
        pass


def test_nobody_holds_a_lock_whose_process_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    (tmp_path / ".lock").write_bytes(orjson.dumps({"pid": child.pid, "started": 1.0, "run_dir": "x"}))

    assert holder_of(tmp_path) is None


def test_a_pid_that_another_process_has_by_now_is_not_the_holder() -> None:
    started = process_started(os.getpid())
    assert started is not None

    assert Holder(os.getpid(), started, "").alive()
    assert not Holder(os.getpid(), started - 3600, "").alive()


def test_a_pid_file_holds_the_pid_alone_and_is_stale_when_older_than_its_process(tmp_path: Path) -> None:
    path = tmp_path / "phase5-load.pid"
    write_pid_file(path, os.getpid())
    assert path.read_text() == f"{os.getpid()}\n"
    assert pid_in_file(path) == os.getpid()

    started = process_started(os.getpid())
    assert started is not None
    os.utime(path, (started - 100, started - 100))
    assert pid_in_file(path) is None


@pytest.mark.parametrize("text", ["", "not a pid", "4194305"])
def test_a_pid_file_without_a_process_names_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "phase5-load.pid"
    path.write_text(text)

    assert pid_in_file(path) is None


def test_only_our_own_pid_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "phase5-load.pid"
    path.write_text("1\n")
    remove_pid_file(path, os.getpid())
    assert path.exists()

    write_pid_file(path, os.getpid())
    remove_pid_file(path, os.getpid())
    assert not path.exists()
