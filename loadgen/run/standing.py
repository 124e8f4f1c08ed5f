"""Where a run stands, read from its files and its process: what `status`, `stop` and `wait` go by.

Law: files only tell what was; whether a run is alive is asked of the kernel, start time included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.events import read_events
from loadgen.core.load_stats import read_load_stats
from loadgen.core.metadata import Status, read_metadata
from loadgen.core.rundir import RunDirectory
from loadgen.run.lock import Holder, holder_of

if TYPE_CHECKING:
    from loadgen.core.metadata import Document

KILLED = "killed"
"""Shown as the status of a run whose metadata says running and whose process is gone."""


@dataclass(frozen=True, slots=True)
class RunState:
    """One run: `pid` is its supervisor while that lives, `newest` the last row of load-stats.csv."""

    place: RunDirectory
    document: Document
    pid: int | None
    phase: str
    newest: dict[str, float | str | None]
    seconds: int

    @property
    def status(self) -> str:
        """The status in metadata.json, or KILLED."""
        status = str(self.document["status"])
        return KILLED if status == Status.RUNNING and self.pid is None else status

    def to_body(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        document = self.document
        wanted = ("run_id", "kind", "profile", "environment", "base_url", "rate", "concurrency", "duration_seconds")
        return {
            **{name: document[name] for name in wanted},
            "run_dir": str(self.place.path),
            "status": self.status,
            "alive": self.pid is not None,
            "pid": self.pid,
            "phase": self.phase,
            "seconds": self.seconds,
            "samples": document["samples"],
            "samples_written": document["samples_written"],
            "exit_code": document["exit_code"],
            "trip": (document["breaker"] or {}).get("trip"),
            "validity": (document["validity"] or {}).get("state"),
            "newest_second": self.newest,
        }


def in_preflight(results: Path) -> int | None:
    """Return the pid of a command that holds the lock and has no run directory yet; None when there is none."""
    holder = holder_of(results)
    return holder.pid if holder is not None and not holder.run_dir else None


def newest_run(results: Path) -> Path | None:
    """Return the directory of the run that is under way, else the newest one; None when there is none."""
    holder = holder_of(results)
    if holder is not None and holder.run_dir:
        return Path(holder.run_dir)
    found = [path.parent for path in results.glob("phase5-*/metadata.json")]
    return max(found, key=lambda path: (path / "metadata.json").stat().st_mtime_ns, default=None)


def state_of(run_dir: Path) -> RunState:
    """Read the state of a run; raise MetadataError when the directory is not one."""
    place = RunDirectory(run_dir)
    document = read_metadata(place.metadata)
    rows = read_load_stats(place.load_stats).rows
    phases = [str(event.get("phase")) for event in read_events(place.events) if event.get("event") == "phase"]
    return RunState(
        place=place,
        document=document,
        pid=_supervisor(document),
        phase=phases[-1] if phases else "",
        newest=rows[-1] if rows else {},
        seconds=len(rows),
    )


def _supervisor(document: Document) -> int | None:
    """Return the pid of the run's supervisor if that very process still lives."""
    known = document["supervisor"]
    if not known or known.get("started") is None:
        return None
    holder = Holder(int(known["pid"]), float(known["started"]), "")
    return holder.pid if holder.alive() else None
