"""The observer alone: `loadgen observe`, from the first scrape to the last, stopped by samples, file or signal.

Laws: nothing is asked and no terminal is needed; SIGTERM, SIGINT and the file STOP_OBSERVATION are orderly stops, a
second signal leaves at once; one observer at a time writes here.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

from loadgen.core.background import Background
from loadgen.core.clock import iso_utc, monotonic_ns, utc_now
from loadgen.core.errors import ExitCode, InputError, Problem
from loadgen.core.messages import Message, ObservePlan, Sample
from loadgen.core.metadata import Status, blank, write_metadata
from loadgen.core.rundir import OBSERVE_PID, STOP_FILE, RunDirectory
from observer.assemble import Assembly, assemble
from observer.masking import mask_texts, redactor_for
from observer.source import shown
from observer.writer import WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loadgen.core.metadata import Document

_LOOK_S = 0.5
_SIGNALS = {signal.SIGTERM: ExitCode.SIGTERM, signal.SIGINT: ExitCode.SIGINT, signal.SIGHUP: ExitCode.SIGHUP}


@dataclass(slots=True)
class _State:
    """How the observation stands: what asked it to stop, the counts of rows, the messages of the ends."""

    stopped_by: str = ""
    code: ExitCode = ExitCode.OK
    rows: int = 0
    good_rows: int = 0
    start: Sample | None = None
    end: Sample | None = None
    last: Sample | None = None


def observe_alone(plan: ObservePlan, say: Callable[[str], None]) -> ExitCode:
    """Observe by a plan and return the exit code; `say` gets one line per sample.

    INCOMPLETE when no row could be measured. Raises InputError, MetricsUnusable, WriteError.
    """
    if STOP_FILE.exists():
        remedy = "is left from an earlier stop: remove it, or nothing would be observed"
        raise InputError([Problem(str(STOP_FILE), None, remedy)])
    with only_observer(OBSERVE_PID):
        return asyncio.run(_Alone(plan, say).run())


@contextlib.contextmanager
def only_observer(path: Path) -> Iterator[None]:
    """Hold the pid file, locked, for the time of the block; raise InputError when another observer holds it."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            remedy = f"another observer runs here (pid {file.read().strip() or 'unknown'}); stop it first"
            raise InputError([Problem(str(path), None, remedy)]) from error
        _refuse_running(path, file)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _refuse_running(path: Path, file: IO[str]) -> None:
    """Raise InputError when the file names a living observer, which a run has started and which holds no lock."""
    file.seek(0)
    text = file.read().strip()
    if not text.isdigit():
        return
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        if "observer" in psutil.Process(int(text)).cmdline():
            raise InputError([Problem(str(path), None, f"a run's observer runs here (pid {text}); stop the run first")])


class _Alone:
    """One stand-alone observation."""

    def __init__(self, plan: ObservePlan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._place = RunDirectory(Path(plan.out_dir))
        self._redactor = redactor_for(plan)
        self._lines = Background[str](_printer(say), name="observer-lines", bound=1_000)
        self._state = _State()
        self._assembly: Assembly | None = None
        self._document: Document = {}

    async def run(self) -> ExitCode:
        self._assembly = assembly = await assemble(self._plan, self._redactor, self._take, self._say)
        observation = assembly.observation
        self._document = self._describe(assembly)
        await self._save()
        self._say(f"observing into {self._place.path} ({assembly.detail['mode']})")
        loop = asyncio.get_running_loop()
        for number, code in _SIGNALS.items():
            loop.add_signal_handler(number, self._stop, f"by {number.name}", code)
        looking = loop.create_task(self._look_for_stop_file())
        observation.ask("start")
        try:
            await observation.run()
            await self._last_scrape(assembly)
        finally:
            looking.cancel()
            await self._end(assembly)
        return self._state.code

    def _take(self, message: Message) -> None:
        if not isinstance(message, Sample) or self._assembly is None:
            return
        state = self._state
        if message.label == "start":
            state.start = message
            self._assembly.observation.begin(message.at_ns if message.ok else monotonic_ns())
            self._assembly.observation.leave(when_finished=True)
        elif message.label == "end":
            state.end = message
        elif message.row:
            state.rows += 1
            state.good_rows += message.ok
            state.last = message

    def _stop(self, why: str, code: ExitCode) -> None:
        if self._assembly is None:
            return
        observation = self._assembly.observation
        if self._state.stopped_by:
            observation.leave()
            return
        self._state.stopped_by, self._state.code = why, code
        self._say(f"stopping {why}: one last scrape")
        observation.stop()
        if self._state.start is not None:
            observation.ask("final")
        observation.leave(when_finished=True)

    async def _look_for_stop_file(self) -> None:
        while not self._state.stopped_by:
            await asyncio.sleep(_LOOK_S)
            if await asyncio.to_thread(STOP_FILE.exists):
                await asyncio.to_thread(STOP_FILE.unlink, missing_ok=True)
                self._stop(f"by the file {STOP_FILE}", ExitCode.OK)

    async def _last_scrape(self, assembly: Assembly) -> None:
        assembly.observation.ask("end")
        await assembly.observation.run()

    async def _end(self, assembly: Assembly) -> None:
        state = self._state
        if not state.good_rows and state.code is ExitCode.OK:
            state.code = ExitCode.INCOMPLETE
        self._document.update(
            status=(Status.STOPPED if state.stopped_by else Status.COMPLETED).value,
            exit_code=int(state.code),
            end_timestamp=iso_utc(utc_now()),
            samples_written=state.rows,
            counters_at_start=state.start and state.start.counters,
            counters_at_end=state.end and state.end.counters,
            server_window=(state.end and state.end.window) or (state.last and state.last.window),
            observer=assembly.observation.availability.to_body(),
        )
        try:
            await self._save()
        finally:
            await assembly.close()
        availability = assembly.observation.availability.percent
        shown_availability = "" if availability is None else f", metrics available {availability:.2f} %"
        self._say(f"{state.good_rows} of {state.rows} rows measured{shown_availability}")
        await asyncio.to_thread(self._lines.close)

    def _describe(self, assembly: Assembly) -> Document:
        plan, detail = self._plan, assembly.detail
        document = blank()
        document.update(
            run_id=plan.run_id,
            kind="observation",
            start_timestamp=iso_utc(utc_now()),
            interval_seconds=plan.interval_ns / 1e9,
            samples=plan.samples,
            metrics_url=[shown(url) for url in plan.metrics_urls],
            metrics_mode=detail["mode"],
            mandatory_metrics=detail["mandatory"],
            not_applicable=detail["not_applicable"],
            cache_miss_counted=plan.count_cache_miss,
            slo_targets=plan.slo,
        )
        return document

    async def _save(self) -> None:
        await asyncio.to_thread(_write, self._place.metadata, mask_texts(self._redactor, self._document))

    def _say(self, line: str) -> None:
        self._lines.put(self._redactor.text(line))


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        write_metadata(path, document)
    except OSError as error:
        raise WriteError(path, error) from error


def _printer(say: Callable[[str], None]) -> Callable[[Sequence[str], int], int]:
    def show(lines: Sequence[str], _lost: int) -> int:
        for line in lines:
            say(line)
        return 0

    return show
