"""The desk of a run: what stages, workers and the observer report to, and what makes files and events of it.

Laws: it decides nothing; every file is written by the scribe's thread; what is known of the run stands in the
chronicle's document.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import WallAnchor, iso_utc, monotonic_ns, utc_now
from loadgen.core.events import EventName, Watching
from loadgen.core.histogram import histogram_max_ns
from loadgen.core.logs import open_log
from loadgen.core.messages import Probe
from loadgen.core.redact import Redactor
from loadgen.core.rundir import LOAD_PID, OBSERVE_PID
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.run.chronicle import Chronicle
from loadgen.run.crew import Crew
from loadgen.run.decisions import INPUTS, append_decision
from loadgen.run.document import continued_document, initial_document
from loadgen.run.ending import Cause, End
from loadgen.run.exercise import INTERNAL
from loadgen.run.fingerprint import take_fingerprint
from loadgen.run.floor import Floor, read_floor, record_path
from loadgen.run.guard import trip_body
from loadgen.run.lock import process_started, remove_pid_file, write_pid_file
from loadgen.run.merge import added
from loadgen.run.phases import duration_ns, mean_rate_per_s
from loadgen.run.probes import ProbesWriter, probe_row
from loadgen.run.progress import Around, Rows, progress_fields, progress_of
from loadgen.run.seconds import Seconds
from loadgen.run.stages import StageBegins
from loadgen.run.summary import account, trend
from loadgen.run.validity import Evidence, State, judge
from loadgen.run.watch import Hooks, Watch
from loadgen.run.writers import Scribe

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.events import View
    from loadgen.core.messages import Body, Sample
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan
    from loadgen.run.breaker import Trip
    from loadgen.run.guard import Guard
    from loadgen.run.merge import Row
    from loadgen.run.phases import LoadPhase
    from loadgen.run.setup import Setup


_LOG_PROGRESS_NS = 10 * NS_PER_S
_PROBE_LATE_NS = NS_PER_S
_SETTLE_NS = 2 * NS_PER_S


class Office:
    """Everything of a run that is not a decision: children, files, events, view."""

    def __init__(self, plan: Plan, place: RunDirectory, view: View, setup: Setup) -> None:
        self.plan = plan
        self.place = place
        self.setup = setup
        self.end = End()
        self.doing = "starting"
        self.guard: Guard | None = None
        self._redactor = redactor = setup.redactor or Redactor(
            plan.secrets if plan.jwt is None else (*plan.secrets, plan.jwt)
        )
        trace_id = setup.trace_id or None
        self.log = open_log(place.load_log, "loadgen", redactor, correlation_id=place.run_id, trace_id=trace_id)
        self.scribe = Scribe(place.path, self._on_disk_failure)
        self.chronicle = Chronicle(place, self.scribe, redactor, view, self.log)
        self.crew = Crew(self.end, self.log, self.chronicle.gap)
        self.watch = Watch(Hooks(self._on_sample, self._on_probe), self.end, self.log)
        self.seconds = Seconds(histogram_max_ns(plan.load.limits.timeout_ns))
        self.seconds_shown = self.seconds
        self.trip: Body | None = None
        self.floor = Floor()
        self.exercised: Counter[tuple[str, str]] = Counter()
        self._view = view
        self._probes: ProbesWriter | None = None
        self._state = State.VALID
        self._heard_ns: int | None = None
        self._stage_begins = StageBegins(plan.load)
        self._logged_ns = 0
        self._watching = Watching()
        if setup.earlier is not None:
            self.watch.rows = setup.earlier.rows

    def __repr__(self) -> str:
        return f"<Office of {self.place.run_id}, {self.doing}>"

    async def open(self) -> None:
        """Write the first metadata.json and the pid file."""
        plan = self.plan
        fingerprint = await asyncio.to_thread(take_fingerprint, plan.load.workers)
        record = record_path(self.setup.environment)
        self.floor = await asyncio.to_thread(read_floor, record, fingerprint, mean_rate_per_s(plan.load))
        document = initial_document(plan, self.place.run_id, utc_now(), fingerprint, self.setup.preflight)
        document["notes"] = list(plan.notes)
        document["trace_id"] = self.setup.trace_id or None
        if self.setup.earlier is not None:
            document = continued_document(self.setup.earlier.document, document)
        self.chronicle.document = document
        self.note_renewal()
        self.chronicle.document["supervisor"] = {"pid": os.getpid(), "started": process_started(os.getpid())}
        self.chronicle.save()
        if self.setup.pid_dir is not None:
            path = self.setup.pid_dir / LOAD_PID
            self.scribe.do(str(path), partial(write_pid_file, path, os.getpid()))

    def note_renewal(self) -> None:
        """Keep how often the token was renewed, where it is."""
        if self.setup.renewal is not None:
            self.chronicle.document["renewal"] = self.setup.renewal.to_body()

    def phase(self, name: str, doing: str) -> None:
        """A phase begins."""
        self.doing = doing
        self.chronicle.event(EventName.PHASE, phase=name)

    def note_observer(self) -> None:
        """The observer runs: leave its pid."""
        if self.setup.pid_dir is not None and self.watch.pid is not None:
            path = self.setup.pid_dir / OBSERVE_PID
            self.scribe.do(str(path), partial(write_pid_file, path, self.watch.pid))

    def forget_pids(self) -> None:
        """Have our pid files removed."""
        if self.setup.pid_dir is None:
            return
        for name, pid in ((LOAD_PID, os.getpid()), (OBSERVE_PID, self.watch.pid)):
            if pid is not None:
                self.scribe.do(str(name), partial(remove_pid_file, self.setup.pid_dir / name, pid))

    def metrics_detail(self, detail: Body) -> None:
        """Keep what the observer found out about the metrics."""
        document = self.chronicle.document
        document["metrics_mode"] = detail.get("mode")
        document["mandatory_metrics"] = detail.get("mandatory", [])
        document["not_applicable"] = detail.get("not_applicable", [])
        for name in detail.get("missing", []):
            self.chronicle.event(EventName.NOTE, text=f"the metric {name} is not exposed")
        self.chronicle.save()

    def note_wait(self, at_most_ns: int) -> None:
        """Say that data is waited for, if it is."""
        if at_most_ns:
            text = f"waiting up to {format_duration(at_most_ns)} until the Prometheus server has scraped the service"
            self.chronicle.event(EventName.NOTE, text=text)

    def counters(self, label: str, sample: Sample | None) -> None:
        """Keep the counters of the scrape at the `start` or the `end` and its time; else say what is missing."""
        if sample is None or not sample.ok:
            self.chronicle.gap(f"no counters at {label}: the scrape failed")
        else:
            document = self.chronicle.document
            if label == "end" or document[f"counters_at_{label}"] is None:
                document[f"counters_at_{label}"] = sample.counters
                document["scraped_at"][label] = iso_utc(WallAnchor.take().wall_at(sample.at_ns))
        self.chronicle.save()

    def begin_load(self, t0_ns: int) -> None:
        """The measured load begins at t0: files that count from it are opened."""
        earlier = self.setup.earlier
        if earlier is None:
            anchor = self.chronicle.begin_load(t0_ns)
            self.scribe.do("load-stats.csv", partial(self.seconds.open, self.place, anchor))
        else:
            anchor = self.chronicle.go_on(earlier, t0_ns)
            self.scribe.do("load-stats.csv", partial(self.seconds.go_on, self.place, earlier, t0_ns))
        if self.plan.observation is not None and self.plan.observation.probe_ns:
            self.scribe.do("probes.csv", self._open_probes)
        self._heard_ns = t0_ns
        self.note_inputs(t0_ns)
        self._tell_inputs()
        self.chronicle.event(EventName.PHASE, phase="main", t0=iso_utc(anchor.wall_at(t0_ns)))
        self.chronicle.save()

    def row_taker(self, seconds: Seconds) -> Callable[[Row], None]:
        """Return what a phase gives its rows to."""
        return lambda row: self.scribe.do("load-stats.csv or latency.hlog", partial(seconds.take, row))

    async def show_end(self) -> None:
        """Show the phase that has ended with all its seconds, as soon as they are accounted for."""
        await self.scribe.done(_SETTLE_NS)
        self.show()

    async def keep_warmup(self, phase: LoadPhase) -> None:
        """Keep the account of the warm-up, apart from that of the run."""
        ended = phase.close()
        await self.show_end()
        document = self.chronicle.document
        (document if self.setup.earlier is None else document["resumed"][-1])["warmup"] = {
            **account(ended.totals),
            "duration_seconds": duration_ns(phase.plan) / NS_PER_S,
            "rate_per_s": phase.plan.stages[0].rate.per_s,
            "concurrency": phase.plan.concurrency,
            "http_req_duration": trend(self.seconds_shown.totals.get("response")),
        }
        self.chronicle.save()

    def count_exercise(self, operation: str, outcome: str) -> None:
        """Count one request of the exercise."""
        self.exercised[operation, outcome] += 1

    def exercise_body(self) -> Body:
        """Return the account of the exercise for metadata.json; `internal` is not among the requests."""
        by_operation: Counter[str] = Counter()
        by_outcome: Counter[str] = Counter()
        internal: dict[str, dict[str, int]] = {}
        for (operation, outcome), count in self.exercised.items():
            if operation in INTERNAL:
                internal.setdefault(operation, {})[outcome] = count
                continue
            by_operation[operation] += count
            by_outcome[outcome] += count
        body = {
            "requests": by_operation.total(),
            "by_outcome": dict(by_outcome),
            "by_operation": dict(by_operation),
            "internal": internal,
        }
        return body if self.setup.earlier is None else added(self.setup.earlier.document["exercise"], body)

    def keep_trip(self, trip: Trip) -> None:
        """Keep why the breaker tripped."""
        anchor = self.chronicle.anchor
        at = utc_now() if anchor is None else anchor.wall_at(trip.at_ns)
        phase = "" if self.crew.phase is None else self.crew.phase.name
        self.trip = trip_body(trip, iso_utc(at), phase)
        self.note_inputs(trip.at_ns)
        self.chronicle.document["breaker"]["trip"] = self.trip
        self.chronicle.event(EventName.BREAKER, trip.at_ns, state="TRIPPED", **self.trip)
        self.chronicle.save()

    def show(self, late_ns: int = 0) -> None:
        """Show the state of the phase that runs, if one does; `late_ns` is how late the loop woke for it."""
        phase, now_ns = self.crew.phase, monotonic_ns()
        if phase is None or not phase.started:
            return
        standing = self.seconds_shown.standing
        live = phase.live()
        verdict = judge(Evidence(live.scheduled, live.sent, dropped=live.dropped, lag_p99_ns=standing.lag_p99_ns))
        if verdict.state is not self._state:
            self._state = verdict.state
            self.chronicle.event(EventName.VALIDITY, state=verdict.state.name, text=str(verdict))
        observation = self.plan.observation
        rows = Rows() if observation is None else Rows(self.watch.rows, observation.samples, observation.interval_ns)
        lines = () if self.guard is None else self.guard.lines(now_ns)
        if phase.name == "main" and phase.t0_ns is not None:
            for begin_ns, text in self._stage_begins.by(phase.elapsed_ns(now_ns)):
                self.chronicle.event(EventName.NOTE, phase.t0_ns + begin_ns, text=text)
        progress = progress_of(phase, standing, Around(rows, lines, str(verdict), self._watching, late_ns), now_ns)
        self._view.progress(progress)
        if now_ns - self._logged_ns >= _LOG_PROGRESS_NS:
            self._logged_ns = now_ns
            self.log.info("progress", cmd=phase.name, **progress_fields(progress))

    def miss_probes(self, now_ns: int) -> None:
        """Count a failed probe for every probe period in which the observer, overdue by one, said nothing."""
        observation = self.plan.observation
        if observation is None or not observation.probe_ns or self._heard_ns is None:
            return
        if now_ns - self._heard_ns > 2 * observation.probe_ns + _PROBE_LATE_NS:
            silence = format_duration(round(now_ns - self._heard_ns, -8))
            heard_ns = self._heard_ns + observation.probe_ns
            self._on_probe(Probe(now_ns, 0, ok=False, error=f"the observer has said nothing for {silence}"))
            self._heard_ns = heard_ns

    # --- what children and threads report -------------------------------------------------------------------------

    def _on_sample(self, sample: Sample) -> None:
        document = self.chronicle.document
        if sample.window is not None:
            document["server_window"] = sample.window
        if not sample.label:
            document["samples_written"] = self.watch.rows
        for name in sample.synthetic:
            self.chronicle.note_synthetic(name)
        data: dict[str, Any] = {"number": sample.number, "ok": sample.ok, "row": sample.row, "notes": sample.notes}
        self.chronicle.event(EventName.SAMPLE, sample.at_ns, label=sample.label, **data)
        if not sample.ok:
            self._watching = replace(self._watching, failed_samples=self._watching.failed_samples + 1)
        if not sample.ok and not sample.label:
            self.chronicle.gap(f"sample {sample.number} failed: {'; '.join(sample.notes)}")
        self.chronicle.save()

    def _on_probe(self, probe: Probe) -> None:
        self._heard_ns = monotonic_ns()
        anchor = self.chronicle.anchor
        if anchor is None or self.guard is None:
            return
        self.guard.probe(probe)
        seen = self._watching
        self._watching = replace(
            seen,
            probes=seen.probes + 1,
            failed_probes=seen.failed_probes + (not probe.ok),
            probes_ns=seen.probes_ns + probe.took_ns,
            last_probe_ns=probe.took_ns or seen.last_probe_ns,
        )
        if not probe.ok:
            self.chronicle.event(EventName.PROBE, probe.at_ns, ok=False, text=probe.error)
        lines = self.guard.lines(probe.at_ns)
        row = probe_row(probe, anchor.wall_at(probe.at_ns), anchor.monotonic_ns, lines)
        self.scribe.do("probes.csv", partial(self._write_probe, row))

    def _on_disk_failure(self, sentence: str) -> None:
        self.log.error("a file could not be written", why=sentence)
        self.end.ask(Cause.FAILURE, sentence)

    def decide(self, kind: str, body: Body) -> None:
        """Keep a decision and what it was made by."""
        masked = self._redactor.structure(body)
        assert isinstance(masked, dict)
        self.scribe.do("decisions.jsonl", partial(append_decision, self.place.decisions, kind, masked))

    def note_inputs(self, now_ns: int) -> None:
        """Write every breaker input's state into the document."""
        states = () if self.guard is None else self.guard.states(now_ns)
        self.chronicle.document["breaker"]["inputs"] = [
            {
                "input": state.input.value,
                "armed": state.armed,
                "reason": state.reason,
                "value": state.value,
                "threshold": state.threshold,
                "window_s": state.window_s,
                "tripped": state.tripped,
            }
            for state in states
        ]

    def _tell_inputs(self) -> None:
        self.decide(INPUTS, {"inputs": self.chronicle.document["breaker"]["inputs"]})
        for line in self.chronicle.document["breaker"]["inputs"]:
            shown = "ARMED" if line["armed"] else "UNARMED"
            self.chronicle.event(EventName.BREAKER, input=line["input"], state=shown, text=line["reason"])

    # --- in the scribe's thread -----------------------------------------------------------------------------------

    def _open_probes(self) -> None:
        self._probes = ProbesWriter(self.place.probes_csv, go_on=self.setup.earlier is not None)

    def _write_probe(self, row: list[str]) -> None:
        if self._probes is not None:
            self._probes.write(row)

    def close_probes(self) -> None:
        """Close probes.csv; a job for the scribe."""
        if self._probes is not None:
            self._probes.close()
