"""What comes from outside cannot fill the memory of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.demo import documents, snapshots
from loadgen.demo.documents import Documents, StoreFullError
from loadgen.demo.received import MAX_PATHS, OTHER, Received

if TYPE_CHECKING:
    from tests.support.demo import Demo


def test_paths_beyond_the_first_thousand_share_one_entry() -> None:
    received = Received()

    for number in range(MAX_PATHS + 3):
        received.note(f"/{number}", number)
    received.note("/0", 5)

    assert (received.requests, received.last_at_ns) == (MAX_PATHS + 4, 5)
    assert len(received.by_path) == MAX_PATHS + 1
    assert (received.by_path[OTHER], received.by_path["/0"]) == (3, 2)


def test_a_full_store_takes_changes_but_no_new_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 2)
    store = Documents()
    store.write("a", 1)
    store.write("b", 2)
    store.write("a", 3)

    with pytest.raises(StoreFullError, match="the store holds its 2 documents"):
        store.write("c", 4)

    assert (len(store), store.dump(), store.revision) == (2, {"a": 3, "b": 2}, 3)


async def test_a_full_store_answers_507(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 0)

    status, body = await demo.ask("PUT", "/api/data/user:1", json=1)

    assert (status, body["error"]["code"]) == (507, "STORE_FULL")


async def test_the_oldest_snapshot_gives_way(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_SNAPSHOTS", 2)

    for _ in range(3):
        await demo.post("/api/snapshots")

    kept = [snapshot["id"] for snapshot in (await demo.get("/api/snapshots"))[1]["snapshots"]]
    assert kept == ["snap-2", "snap-3"]
    assert (await demo.page()).value("metasheet_snapshot_cleanup_total", result="success") == 1
