"""Snapshots of the documents: taken, put back, and removed when there are too many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.core.units import NS_PER_S
from loadgen.demo.latency import Lognormal

if TYPE_CHECKING:
    from loadgen.demo.documents import Documents
    from loadgen.demo.injector import Injector
    from loadgen.demo.metrics import Metrics

MAX_SNAPSHOTS = 50
_CREATE = Lognormal(median_ms=40, sigma=0.4, max_ms=400)
_RESTORE = Lognormal(median_ms=70, sigma=0.4, max_ms=400)


class SnapshotError(Exception):
    """The storage of the snapshots failed; nothing has changed."""


class UnknownSnapshotError(LookupError):
    """There is no snapshot of that id."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The documents as they were at `taken` (UTC, ISO 8601)."""

    snapshot_id: str
    name: str
    taken: str
    written: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"id": self.snapshot_id, "name": self.name, "created_at": self.taken, "documents": len(self.written)}


class Snapshots:
    """The last fifty snapshots, oldest first; every operation is counted by result and timed."""

    def __init__(self, documents: Documents, metrics: Metrics, injector: Injector, seed: int) -> None:
        self._documents = documents
        self._metrics = metrics
        self._injector = injector
        self._rng = Random(f"{seed} snapshots")
        self._number = 0
        self._by_id: dict[str, Snapshot] = {}

    def as_json(self) -> list[dict[str, Any]]:
        return [snapshot.as_json() for snapshot in self._by_id.values()]

    def clear(self) -> None:
        """Lose every snapshot, as a restart does."""
        self._by_id.clear()

    async def create(self, name: str) -> Snapshot:
        """Take a snapshot and remove the oldest beyond fifty; raise SnapshotError when the storage fails."""
        await self._work("create", _CREATE)
        if self._storage_fails():
            self._metrics.snapshot_create.labels("failure").inc()
            raise SnapshotError("the snapshot could not be stored")
        self._number += 1
        snapshot = Snapshot(f"snap-{self._number}", name, utc_now().isoformat(), self._documents.dump())
        self._by_id[snapshot.snapshot_id] = snapshot
        self._metrics.snapshot_create.labels("success").inc()
        while len(self._by_id) > MAX_SNAPSHOTS:
            self.remove(next(iter(self._by_id)))
        return snapshot

    async def restore(self, snapshot_id: str) -> Snapshot:
        """Put the documents back; raise UnknownSnapshotError or SnapshotError."""
        await self._work("restore", _RESTORE)
        snapshot = self._by_id.get(snapshot_id)
        failed = snapshot is None or self._storage_fails()
        self._metrics.snapshot_restore.labels("failure" if failed else "success").inc()
        if snapshot is None:
            raise UnknownSnapshotError(f"there is no snapshot {snapshot_id}")
        if failed:
            raise SnapshotError("the snapshot could not be read")
        self._documents.load(snapshot.written)
        return snapshot

    def remove(self, snapshot_id: str) -> None:
        """Remove a snapshot; raise UnknownSnapshotError."""
        known = self._by_id.pop(snapshot_id, None) is not None
        self._metrics.snapshot_cleanup.labels("success" if known else "failure").inc()
        if not known:
            raise UnknownSnapshotError(f"there is no snapshot {snapshot_id}")

    async def _work(self, operation: str, model: Lognormal) -> None:
        began_ns = monotonic_ns()
        await asyncio.sleep(model.draw_s(self._rng))
        self._metrics.snapshot_seconds.labels(operation).observe((monotonic_ns() - began_ns) / NS_PER_S)

    def _storage_fails(self) -> bool:
        return self._injector.breaks(self._injector.faults.snapshot_error_share)
