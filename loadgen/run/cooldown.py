"""After a trip in production, that host is left alone for a quarter of an hour.

Law: the record is the run directories themselves (breaker.json beside metadata.json), so nothing else can be lost or
be forgotten to be written; only `--after-trip RUN_ID`, naming the very run, lifts the block.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
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
    for record in sorted(results.glob("phase5-prod-*/breaker.json")):
        place = RunDirectory(record.parent)
        try:
            base = str(read_metadata(place.metadata).get("base_url") or "")
            at = datetime.fromisoformat(orjson.loads(record.read_bytes())["at"])
        except (MetadataError, OSError, KeyError, TypeError, ValueError):
            continue
        age = now - at
        if urlsplit(base).hostname == host and timedelta(0) <= age < BLOCK:
            yield place.run_id, age


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
                after_trip,
                f"the circuit breaker tripped on this host in run {run_id}: wait {minutes} min {seconds} s, "
                f"or look at that run and give --after-trip {run_id}",
            )
        ]
    )
