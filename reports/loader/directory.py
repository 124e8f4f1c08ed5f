"""Read a run directory, whatever is left of it.

Laws: a missing, empty, truncated, edited or foreign file is a Damage and never an exception; only a place in which
nothing of a run can be read at all is an error. A damaged breaker.json still says that the breaker tripped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from loadgen.core.errors import LoadgenError
from loadgen.core.metadata import SCHEMA_VERSION
from loadgen.core.rundir import RunDirectory
from reports.loader import client, metadata
from reports.loader.belonging import other_time, times_of_log, times_of_rows
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.loader.probes import read_probes
from reports.loader.redis import read_glances
from reports.loader.rows import read_rows
from reports.loader.timeline import read_happenings
from reports.loader.window import read_window
from reports.model.client import Client
from reports.model.run import Breaker, Damage, Harm, Probes, Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.model.redis import Glance
    from reports.model.server import Row
    from reports.model.timeline import Happening

T = TypeVar("T")


class NotARunError(LoadgenError):
    """The place holds nothing that can be read as a run."""


def load(path: Path) -> Run:
    """Read a run directory, or a lone metrics.csv; raise NotARunError when nothing of a run is there."""
    if not path.exists():
        raise NotARunError(f"{path}: no such file or directory")
    try:
        return _Reading(path).run() if path.is_dir() else _lone_csv(path)
    except PermissionError as error:
        raise NotARunError(f"{path}: cannot be read ({error.strerror})") from error


def load_record(path: Path) -> Run:
    """Read what a run directory says without its latencies, which are most of the work; raise NotARunError."""
    if not path.is_dir():
        raise NotARunError(f"{path}: no such run directory")
    return _Reading(path).record()


def _lone_csv(path: Path) -> Run:
    complaints: list[str] = []
    try:
        rows = read_rows(path, complaints)
    except Unreadable as error:
        raise NotARunError(f"{path}: {error}; expected a run directory or its metrics.csv") from error
    damages = [Damage(path.name, "read alone: metadata and client figures are not known", Harm.NEEDED)]
    damages += [Damage(path.name, complaint, Harm.NEEDED) for complaint in complaints]
    return Run(name=path.stem, source=str(path), rows=rows, damages=tuple(damages))


class _Reading:
    """One pass over a directory; gathers the damages on the way."""

    def __init__(self, path: Path) -> None:
        self._place = RunDirectory(path)
        self._damages: list[Damage] = []
        self._readable = 0

    def run(self) -> Run:
        fields = self._object(self._place.metadata, Harm.NEEDED)
        summary = self._object(self._place.summary, Harm.NEEDED)
        if summary and not summary.is_object("totals"):
            self._damage(self._place.summary, "is no summary of a run: it has no totals", Harm.NEEDED)
        run = self._from_metadata(fields)
        if (owner := summary.text("run_id")) and owner != run.name:
            self._damage(self._place.summary, f"belongs to another run, {owner}", Harm.NEEDED)
        run = replace(
            run,
            rows=self._rows(),
            client=self._client(fields, summary, run),
            probes=self._try(self._place.probes_csv, Harm.DETAIL, read_probes) or Probes(),
            redis=self._redis(),
            breaker=self._breaker(run.breaker),
            happenings=self._happenings(),
        )
        self._complain(self._place.metadata, fields.complaints)
        self._complain(self._place.summary, summary.complaints)
        self._belongs(run)
        if not self._readable:
            raise NotARunError(f"{self._place.path}: not a run directory; {self._damages[0]}")
        return replace(run, damages=tuple(self._damages))

    def record(self) -> Run:
        """Read metadata with its account of requests, breaker and rows."""
        fields = self._object(self._place.metadata, Harm.NEEDED)
        run = self._from_metadata(fields)
        account = Client(account=client.read_account(fields.below("load"), {}))
        run = replace(run, rows=self._rows(), breaker=self._breaker(run.breaker), client=account)
        self._complain(self._place.metadata, fields.complaints)
        self._belongs(run)
        if not self._readable:
            raise NotARunError(f"{self._place.path}: not a run directory; {self._damages[0]}")
        return replace(run, damages=tuple(self._damages))

    def _from_metadata(self, fields: Fields) -> Run:
        version = fields.number("schema_version")
        if version is not None and version != SCHEMA_VERSION:
            fields.complaints.append(f"schema_version is {version:g}, this program reads {SCHEMA_VERSION}")
        lists = metadata.read_metric_lists(fields)
        return Run(
            name=fields.text("run_id") or self._place.run_id,
            source=str(self._place.path),
            status=fields.text("status"),
            started=fields.instant("start_timestamp"),
            ended=fields.instant("end_timestamp"),
            t0=fields.below("t0").instant("wall"),
            scraped_at_start=fields.below("scraped_at").instant("start"),
            parameters=metadata.read_parameters(fields),
            targets=metadata.read_targets(fields),
            validity=metadata.read_validity(fields),
            breaker=metadata.read_breaker(fields),
            mandatory=lists.mandatory,
            not_applicable=lists.not_applicable,
            metrics_mode=fields.text("metrics_mode"),
            fingerprint=fields.described("fingerprint"),
            counters_at_start=metadata.read_counters(fields),
            window=read_window(fields),
            exercise=fields.below("exercise").counts("by_outcome"),
            exercised=fields.below("exercise").whole("requests") or 0,
            warmup=metadata.read_warmup(fields),
            preflight=metadata.read_preflight(fields),
            gaps=metadata.read_gaps(fields),
            floor=metadata.read_floor(fields),
            interrupted_s=sum(lasted_s for _, lasted_s in metadata.read_breaks(fields)),
            notes=(*fields.texts("notes"), *fields.texts("error")),
            synthetic=bool(fields.flag("synthetic")),
        )

    def _belongs(self, run: Run) -> None:
        """Complain of files whose times are not the run's."""
        place = self._place
        found = (
            (place.metrics_csv, [row.at for row in run.rows], Harm.NEEDED),
            (place.latency_hlog, times_of_log(place.latency_hlog), Harm.NEEDED),
            (place.load_stats, times_of_rows(place.load_stats), Harm.NEEDED),
            (place.probes_csv, times_of_rows(place.probes_csv), Harm.DETAIL),
        )
        for path, times, harm in found:
            if told := other_time(times, run):
                self._damage(path, told, harm)

    def _rows(self) -> tuple[Row, ...]:
        complaints: list[str] = []
        rows = self._try(self._place.metrics_csv, Harm.NEEDED, lambda path: read_rows(path, complaints))
        self._complain(self._place.metrics_csv, complaints)
        return rows or ()

    def _client(self, fields: Fields, summary: Fields, run: Run) -> Client:
        asked = run.parameters
        log = self._try(
            self._place.latency_hlog,
            Harm.NEEDED,
            lambda path: client.read_latency_log(
                path, asked.interval_s, asked.samples, asked.duration_s, metadata.read_breaks(fields)
            ),
        )
        if log is not None and not log.complete:
            self._damage(self._place.latency_hlog, "breaks off", Harm.NEEDED)
        seconds = self._try(self._place.load_stats, Harm.NEEDED, client.read_seconds)
        if seconds is not None and seconds.skipped:
            self._damage(self._place.load_stats, f"{seconds.skipped} lines are no rows", Harm.NEEDED)
        account = (
            client.read_account(summary.below("totals"), summary.counts("outcomes"))
            or client.read_account(fields.below("load"), {})
            or (seconds.account if seconds else None)
        )
        return Client(
            account=account,
            clocks=log.clocks if log else {},
            intervals=tuple(log.intervals[at] for at in sorted(log.intervals)) if log else (),
            claimed_ms=client.read_claims(summary),
            slices=log.slices if log else (),
            by_second=seconds.rows if seconds else (),
            endpoints=client.read_endpoints(summary),
            addresses=client.read_addresses(summary),
            slowest=client.read_slowest(summary),
            redirects=summary.counts("redirects"),
            out_of_range=summary.counts("out_of_range"),
            seconds=seconds.seconds if seconds else 0,
            late_events=seconds.late_events if seconds else 0,
            achieved_per_s=summary.below("rate").number("achieved"),
            gap_cv=summary.below("rate").number("gap_cv"),
            second_cv=summary.below("rate").number("second_cv"),
        )

    def _happenings(self) -> tuple[Happening, ...]:
        """Return the events; without the file there are none, and nothing that is judged is lost."""
        if not self._place.events.exists():
            return ()
        return self._try(self._place.events, Harm.DETAIL, read_happenings) or ()

    def _redis(self) -> tuple[Glance, ...]:
        """Return what was seen of Redis; without the file none was watched."""
        if not self._place.redis_jsonl.exists():
            return ()
        complaints: list[str] = []
        found = self._try(self._place.redis_jsonl, Harm.DETAIL, lambda path: read_glances(path, complaints)) or ()
        self._complain(self._place.redis_jsonl, complaints, Harm.DETAIL)
        return found

    def _breaker(self, told: Breaker) -> Breaker:
        """Join what metadata says with breaker.json, which is written at the moment of the trip."""
        if not self._place.breaker.exists():
            return told
        fields = self._object(self._place.breaker, Harm.DETAIL)
        trip = told.trip or metadata.read_trip(fields)
        self._complain(self._place.breaker, fields.complaints, Harm.DETAIL)
        return replace(told, tripped=True, trip=trip)

    def _object(self, path: Path, harm: Harm) -> Fields:
        values = self._try(path, harm, read_object)
        return Fields({} if values is None else values)

    def _try(self, path: Path, harm: Harm, read: Callable[[Path], T]) -> T | None:
        try:
            value = read(path)
        except Unreadable as error:
            self._damage(path, str(error), harm)
            return None
        self._readable += 1
        return value

    def _complain(self, path: Path, complaints: list[str], harm: Harm = Harm.NEEDED) -> None:
        for complaint in dict.fromkeys(complaints):
            self._damage(path, complaint, harm)

    def _damage(self, path: Path, text: str, harm: Harm) -> None:
        self._damages.append(Damage(path.name, text, harm))
