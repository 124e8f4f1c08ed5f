"""The ring of traces: who leaves first, who may read, and what a broken line costs."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from loadgen.core.trace_store import IN_ALL, PER_USER, TraceStore, get_trace_store
from tests.support.traces import trace

if TYPE_CHECKING:
    from pathlib import Path


def ids(store: TraceStore) -> list[str]:
    return [one["trace_id"] for one in store.read().traces]


def test_defect_24_the_limits_are_a_hundred_for_a_user_and_a_thousand_in_all() -> None:
    assert (PER_USER, IN_ALL) == (100, 1_000)


def test_there_is_one_store_for_a_results_directory(tmp_path: Path) -> None:
    assert get_trace_store(tmp_path) is get_trace_store(tmp_path)
    assert get_trace_store(tmp_path).path == tmp_path / ".traces.jsonl"
    assert str(get_trace_store().path) == "results/.traces.jsonl"


def test_without_a_file_there_is_no_trace(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "none" / "t.jsonl")

    assert store.read().traces == ()
    assert store.last() is None


def test_of_one_user_the_oldest_leave_first(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "t.jsonl", per_user=3)
    store.add(trace("other", "bob"))
    for number in range(5):
        store.add(trace(f"t{number}"))

    assert ids(store) == ["other", "t2", "t3", "t4"]


def test_of_all_users_the_oldest_leave_first(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "t.jsonl", per_user=3, in_all=4)
    for number in range(6):
        store.add(trace(f"t{number}", f"user {number % 3}"))

    assert ids(store) == ["t2", "t3", "t4", "t5"]


def test_a_trace_that_leaves_takes_no_place_of_its_user(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "t.jsonl", per_user=2, in_all=3)
    for number, user in enumerate("aabbaabb"):
        store.add(trace(f"t{number}", user))

    assert ids(store) == ["t5", "t6", "t7"]


def test_the_newest_state_of_a_trace_counts_in_its_old_place(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "t.jsonl")
    store.add(trace("one", error="at first"))
    store.add(trace("two"))
    store.update(trace("one", error="later"))

    assert ids(store) == ["one", "two"]
    assert store.read().traces[0]["error"] == "later"
    assert store.last() == trace("two")
    store.add(trace("three"))
    assert len(store.path.read_bytes().splitlines()) == 3, "older states are gone with the next trace"


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    os.umask(0)
    store = TraceStore(tmp_path / "t.jsonl")
    store.update(trace("zero"))
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    store.path.chmod(0o644)
    store.add(trace("one"))

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("broken", [b'{"trace_id": "cut', b"\xff\xfe", b'{"trace_id": "other shape"}', b"[]"])
def test_a_broken_line_costs_no_other(tmp_path: Path, broken: bytes) -> None:
    store = TraceStore(tmp_path / "t.jsonl")
    store.add(trace("one"))
    with store.path.open("ab") as file:
        file.write(broken)
    store.update(trace("one", error="later"))

    stored = store.read()
    assert stored.broken == 1
    assert [one["error"] for one in stored.traces] == ["later"]
    store.add(trace("two"))
    assert ids(store) == ["one", "two"]


def test_a_temporary_file_of_a_crash_is_in_nobodys_way(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "t.jsonl")
    left = tmp_path / f".t.jsonl.{os.getpid()}.tmp"
    left.write_text("half a line")
    store.add(trace("one"))

    assert ids(store) == ["one"]
    assert not left.exists()


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        store = TraceStore(tmp_path / "t.jsonl")
        for number in range(6):
            store.add(trace(f"{writer}-{number}", error="begun"))
            store.update(trace(f"{writer}-{number}", error="done"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))

    stored = TraceStore(tmp_path / "t.jsonl").read()
    assert {one["trace_id"] for one in stored.traces} == {f"{w}-{n}" for w in range(6) for n in range(6)}
    assert {one["error"] for one in stored.traces} == {"done"}
    assert stored.broken == 0


def test_its_name_is_its_place(tmp_path: Path) -> None:
    assert repr(TraceStore(tmp_path / "t.jsonl")) == f"<TraceStore {tmp_path}/t.jsonl>"
