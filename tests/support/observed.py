"""An observation in a scripted world: a clock that jumps, pages from a function, files in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import orjson

from loadgen.core.logs import open_log
from loadgen.core.messages import Message, Probe, Sample
from loadgen.core.redact import Redactor
from loadgen.core.synthetic import scenarios_on
from observer.binding import Binding
from observer.columns import Reading
from observer.exposition import SeriesCache
from observer.loop import Observation, World
from observer.marks import Marks
from observer.profile_file import load_profile
from observer.schedule import Schedule
from observer.series import EndpointAccount
from observer.snapshot import combine
from observer.source import Scraped, ScrapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

S = 1_000_000_000
BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
METASHEET = load_profile("metasheet")


class JumpingClock:
    """Monotonic and wall time that move only when told; `step_wall` is what an operator or NTP does."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._step_s = 0.0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc_now(self) -> datetime:
        return BEGAN + timedelta(microseconds=self.now_ns // 1000, seconds=self._step_s)

    def step_wall(self, seconds: float) -> None:
        self._step_s += seconds


class JumpingPause:
    """A pause that jumps to its end; `before` is called with the end of each, and may jump further."""

    def __init__(self, clock: JumpingClock, before: Callable[[int | None], None]) -> None:
        self._clock = clock
        self._before = before
        self._woken = False

    def wake(self) -> None:
        """End the present wait without a jump, or the next one."""
        self._woken = True

    async def until(self, at_ns: int | None) -> None:
        self._before(at_ns)
        woken, self._woken = self._woken, False
        if at_ns is not None and not woken:
            self._clock.now_ns = max(self._clock.now_ns, at_ns)


@dataclass
class MemoryFiles:
    """Rows and raw pages as lists."""

    rows: list[dict[str, str]] = field(default_factory=list)
    raw: list[tuple[int, str, tuple[tuple[str, str], ...]]] = field(default_factory=list)

    async def write_row(self, row: Mapping[str, str]) -> None:
        self.rows.append(dict(row))

    async def write_raw(self, number: int, timestamp: str, pages: tuple[tuple[str, str], ...]) -> None:
        self.raw.append((number, timestamp, pages))


class ScriptedSource:
    """Asks `page(now in s)` for a text at each scrape; an exception from it is the failure of the scrape."""

    mode = "exposition"
    interval_s: float | None = None

    def __init__(self, clock: JumpingClock, page: Callable[[float], str], took_s: float = 0.0) -> None:
        binding = Binding(METASHEET)
        self._clock = clock
        self._page = page
        self._took_s = took_s
        self._cache = SeriesCache(binding.wants)
        self._account = EndpointAccount(binding, self._cache.series)
        self.scraped_at_s: list[float] = []
        self.timeouts_ns: list[int] = []

    async def scrape(self, timeout_ns: int, *, full: bool = True) -> Scraped:
        self.scraped_at_s.append(self._clock.now_ns / S)
        self.timeouts_ns.append(timeout_ns)
        try:
            text = self._page(self._clock.now_ns / S)
        except TimeoutError as error:
            self._clock.now_ns += timeout_ns
            raise ScrapeError("it did not answer", "look at it") from error
        self._clock.now_ns += round(self._took_s * S)
        state = self._account.take(self._cache.parse(text))
        at_ns = self._clock.now_ns
        pages, synthetic = (("http://a/m", text),), scenarios_on(text)
        return Scraped(combine([state], at_ns), at_ns, pages, notes=state.notes, synthetic=synthetic)

    async def close(self) -> None:
        """Nothing is open."""


class Observed:
    """One observation of a scripted service; `run` lets it go through all its samples."""

    def __init__(
        self,
        page: Callable[[float], str],
        *,
        interval_s: float = 600,
        samples: int = 12,
        probe_s: float = 0,
        took_s: float = 0.0,
        slo: Mapping[str, float] | None = None,
    ) -> None:
        self.clock = JumpingClock()
        self.files = MemoryFiles()
        self.messages: list[Message] = []
        self.rows_when_told: list[int] = []
        self.said: list[str] = []
        self.before: Callable[[int | None], None] = lambda at_ns: None
        self.source = ScriptedSource(self.clock, page, took_s)
        self._bytes = BytesIO()
        self._log = open_log(self._bytes, "observer", Redactor())
        pause = JumpingPause(self.clock, lambda at_ns: self.before(at_ns))
        world = World(self.source, self.files, self._log, self.clock, pause, self._emit, self.said.append)
        schedule = Schedule(round(interval_s * S), samples, round(probe_s * S), 5 * S)
        reading = Reading(METASHEET)
        self.observation = Observation(world, schedule, reading, Marks(slo or {}, samples))

    async def run(self) -> None:
        """Take sample 0, then every sample of the grid."""
        self.observation.ask("start")
        self.observation.begin(0)
        self.observation.leave(when_finished=True)
        await self.observation.run()
        assert await asyncio.to_thread(self._log.close)

    def _emit(self, message: Message) -> None:
        self.messages.append(message)
        if isinstance(message, Sample):
            self.rows_when_told.append(len(self.files.rows))

    @property
    def samples(self) -> list[Sample]:
        return [message for message in self.messages if isinstance(message, Sample)]

    @property
    def probes(self) -> list[Probe]:
        return [message for message in self.messages if isinstance(message, Probe)]

    @property
    def log(self) -> list[dict[str, object]]:
        return [orjson.loads(line) for line in self._bytes.getvalue().splitlines()]

    def logged(self, part: str) -> list[str]:
        """Return the log messages that contain a text."""
        return [str(line["msg"]) for line in self.log if part in str(line["msg"])]
