"""After a trip in production, that host is left alone for a quarter of an hour.

Laws: the record is the run directories themselves (the trip in metadata.json, or breaker.json beside it), so nothing
else can be lost; a run that keeps its directory elsewhere or nowhere leaves a copy of the two files below the results.
Only `--after-trip RUN_ID`, naming the very run, lifts the block.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from loadgen.core.errors import InputError, Problem
from loadgen.core.metadata import MetadataError, read_metadata
from loadgen.core.rundir import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = timedelta(minutes=15)


def recent_trips(results: Path, base_url: str, now: datetime) -> Iterator[tuple[str, timedelta]]:
    """Yield (run id, age) of every production trip on this host within the last 15 min."""
    host = urlsplit(base_url).hostname
    for record in sorted(results.glob("phase5-prod-*/metadata.json")):
        place = RunDirectory(record.parent)
        try:
            document = read_metadata(record)
            at = datetime.fromisoformat(_tripped_at(place, document["breaker"]))
        except (MetadataError, OSError, KeyError, TypeError, ValueError):
            continue
        age = now - at
        if urlsplit(str(document.get("base_url") or "")).hostname == host and timedelta(0) <= age < BLOCK:
            yield place.run_id, age


def _tripped_at(place: RunDirectory, breaker: Any) -> str:
    """Return the wall time of a run's trip; raise KeyError or TypeError when it did not trip."""
    if place.breaker.exists():
        return str(orjson.loads(place.breaker.read_bytes())["at"])
    return str(breaker["trip"]["at"])


def keep_trip_record(results: Path, place: RunDirectory, at: datetime) -> None:
    """Leave the record of a trip below the results where the run's own directory is not there."""
    if place.path.absolute().parent == results.absolute():
        return
    record = RunDirectory.create(results, "production", at)
    for source, copy in ((place.metadata, record.metadata), (place.breaker, record.breaker)):
        if source.exists():
            copy.write_bytes(source.read_bytes())


def refuse_after_trip(results: Path, base_url: str, now: datetime, after_trip: str | None) -> None:
    """Raise InputError while a trip blocks this host, unless `after_trip` names the newest one."""
    trips = list(recent_trips(results, base_url, now))
    if not trips:
        return
    run_id, age = min(trips, key=lambda trip: trip[1])
    if after_trip == run_id:
        return
    wait = BLOCK - age
    minutes, seconds = divmod(int(wait.total_seconds()) + 1, 60)
    raise InputError(
        [
            Problem(
                "--after-trip",
                after_trip or None,
                f"the circuit breaker tripped on this host in run {run_id}: wait {minutes} min {seconds} s, "
                f"or look at that run and give --after-trip {run_id}",
            )
        ]
    )
