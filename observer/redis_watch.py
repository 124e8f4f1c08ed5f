"""Watch a Redis beside the service: a PING four times a second, and a whole look at it at every sample.

Laws: it runs in a task of its own and never touches a scrape; a Redis that does not answer is NA and said, and nothing
ends because of it; a PING during which this process itself was busy is no measurement, and is counted apart.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from loadgen.core.clock import WallAnchor, iso_utc, process_cpu_ns
from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S
from observer.redis_link import RedisTrouble
from observer.source import ObserverError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from loadgen.core.clock import Clock
    from loadgen.core.logs import Log
    from loadgen.core.messages import Sample
    from observer.pause import Pause
    from observer.redis_link import Look

PING_NS = 250 * NS_PER_MS
DEADLINE_NS = NS_PER_S
"""A PING or a look that takes longer has failed."""

RETRY_NS = {"timeout": PING_NS, "connection": NS_PER_S, "refused": 10 * NS_PER_S}
"""How long after each kind of failure the next PING comes: a refused password is not tried four times a second."""

BUSY_NS = 2 * NS_PER_MS
"""So much processor time of our own during a PING spoils it: it takes a tenth of that."""

_RANGE_NS = 60 * NS_PER_S
_LEAVE_S = 0.5
_PERCENTILES = (50.0, 95.0, 99.0)
_LOGGED = (
    "server", "role", "connected_clients", "used_memory_bytes", "evictions", "hits", "misses", "ops_per_s", "entries",
)  # fmt: skip


class Link(Protocol):
    """The connection; see `observer.redis_link.RedisLink`."""

    async def connect(self) -> None: ...

    async def ping(self) -> None: ...

    async def look(self, last_slow: int | None) -> Look: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a watch acts with: `write` gets each record, `own_ns` is the processor time we have used."""

    link: Link
    address: str
    write: Callable[[Mapping[str, Any]], Awaitable[None]]
    log: Log
    clock: Clock
    pause: Pause
    own_ns: Callable[[], int] = process_cpu_ns


class Pings:
    """The PINGs since the last record: those that were answered and those that timed out have a time.

    One that was due while another, or a look, was still waiting is held up: its time runs from when it was due to that
    one's end, because a server that stands still must not hide behind the PINGs that were never sent.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reconnects = 0
        self._times = Histogram(_RANGE_NS)

    def took(self, duration_ns: int, outcome: str) -> None:
        """Count a PING with its time."""
        self.outcomes[outcome] += 1
        self._times.record(min(duration_ns, _RANGE_NS))
        self.held_up(duration_ns - PING_NS)

    def held_up(self, longest_ns: int) -> None:
        """Count the PINGs that could not be sent, of which the first waited so long."""
        for waited_ns in range(longest_ns, 0, -PING_NS):
            self.outcomes["held_up"] += 1
            self._times.record(min(waited_ns, _RANGE_NS))

    def to_body(self) -> dict[str, Any]:
        """Return the counts, and percentiles in ms that are None where nothing has a time."""
        times, counts = self._times, self.outcomes
        known = times.total > 0
        return {
            "sent": counts.total() - counts["held_up"],
            "answered": counts["answered"],
            "timeouts": counts["timeout"],
            "failed": counts["connection"] + counts["refused"],
            "disturbed": counts["disturbed"],
            "held_up": counts["held_up"],
            **{f"p{q:g}_ms": times.percentile(q) / NS_PER_MS if known else None for q in _PERCENTILES},
            "max_ms": times.max_ns / NS_PER_MS if known else None,
            "histogram": times.encode() if known else None,
        }


class RedisWatch:
    """The task: `note` asks for a record, `close` lets it write what was asked for and end."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._asked: deque[Sample] = deque()
        self._pings = Pings()
        self._anchor = WallAnchor.take(means.clock)
        self._start_ns: int | None = None
        self._due_ns = 0
        self._last_slow: int | None = None
        self._down = False
        self._known = False
        self._closing = False
        self._ended = False
        self._told_refused: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<RedisWatch of {self._means.address}, {'down' if self._down else 'answering'}>"

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self.run())

    def note(self, sample: Sample) -> None:
        """Have a record made that belongs to a sample of the service."""
        if not self._ended:
            self._asked.append(sample)
            self._means.pause.wake()

    async def close(self) -> None:
        """Make the records that were asked for, as far as half a second allows, and end."""
        self._closing = True
        self._means.pause.wake()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_LEAVE_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._guarded(self._keep_unanswered())
        await self._means.link.close()

    async def run(self) -> None:
        """Ping and record until `close`; what goes wrong with us is logged and ends the watch, nothing else."""
        await self._guarded(self._watch())

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ObserverError as error:
            self._give_up(f"Redis is watched no longer: {error.reason}", remedy=error.remedy)
        except Exception as error:  # noqa: BLE001 - the observation of the service must go on
            self._give_up("Redis is watched no longer: the watch failed", exc_info=error)

    def _give_up(self, sentence: str, **fields: object) -> None:
        self._ended = True
        self._asked.clear()
        self._means.log.error(sentence, **fields)

    async def _keep_unanswered(self) -> None:
        while self._asked:
            await self._keep(self._asked.popleft(), None, "the observation ended before it answered")

    async def _watch(self) -> None:
        clock, pause = self._means.clock, self._means.pause
        self._due_ns = clock.monotonic_ns()
        while self._asked or not self._closing:
            if not self._asked:
                await pause.until(self._due_ns)
            if self._asked:
                await self._record()
            elif not self._closing and clock.monotonic_ns() >= self._due_ns:
                trouble = await self._ping()
                now_ns = clock.monotonic_ns()
                if trouble is not None:
                    self._due_ns = max(self._due_ns, now_ns + RETRY_NS[trouble.kind] - PING_NS)
                self._due_ns += max(0, (now_ns - self._due_ns) // PING_NS) * PING_NS + PING_NS

    async def _ping(self) -> RedisTrouble | None:
        """Send one PING and count how it ended; return what went wrong."""
        means, pings = self._means, self._pings
        began_ns = means.clock.monotonic_ns()
        try:
            await means.link.connect()  # a new connection's time is in no answered PING
            began_ns, own_ns = means.clock.monotonic_ns(), means.own_ns()
            await means.link.ping()
        except RedisTrouble as trouble:
            if trouble.kind == "timeout":
                pings.took(means.clock.monotonic_ns() - began_ns, "timeout")
            else:
                pings.outcomes[trouble.kind] += 1
            self._fell(trouble)
            return trouble
        if means.own_ns() - own_ns > BUSY_NS:
            pings.outcomes["disturbed"] += 1
        else:
            pings.took(means.clock.monotonic_ns() - began_ns, "answered")
        self._rose()
        return None

    def _fell(self, trouble: RedisTrouble) -> None:
        if not self._down:
            self._means.log.warn(f"Redis at {self._means.address} does not answer: {trouble}", kind=trouble.kind)
        self._down = True

    def _rose(self) -> None:
        if self._down and self._known:
            self._pings.reconnects += 1
        if self._down:
            self._means.log.info(f"Redis at {self._means.address} answers again" if self._known else "Redis answers")
        self._down, self._known = False, True

    async def _record(self) -> None:
        """Look, and keep the record of the sample that was asked for first."""
        began_ns = self._means.clock.monotonic_ns()
        try:
            look = await self._means.link.look(self._last_slow)
        except RedisTrouble as trouble:
            self._hold_up(began_ns)
            self._fell(trouble)
            await self._keep(self._asked.popleft(), None, str(trouble))
            return
        self._hold_up(began_ns)
        self._rose()
        for reason in look.refused:
            if reason not in self._told_refused:
                self._told_refused.add(reason)
                self._means.log.warn(f"Redis refuses a part, which is NA: {reason}")
        if look.slow is not None:
            self._last_slow = look.slow.newest
        await self._keep(self._asked.popleft(), look, "")

    def _hold_up(self, began_ns: int) -> None:
        """Count the PINGs that were due during a look that took longer than from one to the next."""
        now_ns = self._means.clock.monotonic_ns()
        if now_ns - began_ns > PING_NS and now_ns > self._due_ns:
            self._pings.held_up(now_ns - self._due_ns)
            self._due_ns += -(-(now_ns - self._due_ns) // PING_NS) * PING_NS

    async def _keep(self, sample: Sample, look: Look | None, trouble: str) -> None:
        """Write one record, and begin to count anew."""
        means, pings = self._means, self._pings
        self._pings = Pings()
        if sample.label == "start":
            self._start_ns = sample.at_ns
        since_ns = None if self._start_ns is None else sample.at_ns - self._start_ns
        record: dict[str, Any] = {
            "ts": iso_utc(self._anchor.wall_at(sample.at_ns)),
            "t_s": None if since_ns is None else since_ns / NS_PER_S,
            "label": sample.label,
            "sample": sample.number,
            "address": means.address,
            "ok": look is not None,
            "trouble": trouble,
            "ping": pings.to_body(),
            "reconnects": pings.reconnects,
            "info": None if look is None else look.info,
            "slow_log": None if look is None or look.slow is None else look.slow.to_body(),
            "latency_events": None if look is None else look.events,
        }
        await means.write(record)
        self._say(record)

    def _say(self, record: Mapping[str, Any]) -> None:
        ping, info = record["ping"], record["info"]
        fields: dict[str, Any] = {"sample": record["sample"], "ok": record["ok"], "reconnects": record["reconnects"]}
        fields |= {f"ping_{name}": value for name, value in ping.items() if name != "histogram"}
        if info is None:
            self._means.log.warn(f"redis: NA, {record['trouble']}", **fields)
            return
        fields |= {name: info[name] for name in _LOGGED}
        self._means.log.info("redis", **fields, slow_log=record["slow_log"], latency_events=record["latency_events"])
