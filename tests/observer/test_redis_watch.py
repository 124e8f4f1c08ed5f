"""The watch of a Redis: what is written when, and what a Redis that does not answer leads to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from loadgen.core.histogram import Histogram
from loadgen.core.logs import open_log
from loadgen.core.messages import Sample
from loadgen.core.redact import Redactor
from loadgen.core.units import NS_PER_MS, NS_PER_S
from observer.redis_figures import SlowLog
from observer.redis_link import Look, RedisTrouble
from observer.redis_watch import PING_NS, Means, RedisWatch
from observer.writer import WriteError
from tests.support.observed import JumpingClock, JumpingPause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

INFO = {"server": "Valkey 9.1.2", "role": "master", "run_id": "a"} | dict.fromkeys(
    ("connected_clients", "used_memory_bytes", "evictions", "hits", "misses", "ops_per_s", "entries"), 1
)
DOWN = RedisTrouble("connection", "no connection: refused")


@dataclass
class ScriptedLink:
    """A link whose PINGs take `took_ms(number)`, or fail with what that raises."""

    clock: JumpingClock
    took_ms: Callable[[int], float]
    pings: int = 0
    looks: list[int | None] = field(default_factory=list)
    closed: bool = False

    async def connect(self) -> None:
        """Nothing to do."""

    async def ping(self) -> None:
        self.pings += 1
        self.clock.now_ns += round(self.took_ms(self.pings) * NS_PER_MS)

    async def look(self, last_slow: int | None) -> Look:
        self.looks.append(last_slow)
        self.took_ms(self.pings)
        newest = 10 * len(self.looks)
        return Look(INFO, SlowLog(newest, 10), {}, ("LATENCY: denied",))

    async def close(self) -> None:
        self.closed = True


class Watched:
    """A watch in a scripted world that lets `periods` of PINGs pass between two samples."""

    def __init__(self, took_ms: Callable[[int], float] = lambda number: 1, own_ms: float = 0.1) -> None:
        self.clock = JumpingClock()
        self.link = ScriptedLink(self.clock, took_ms)
        self.records: list[Mapping[str, Any]] = []
        self.samples: dict[int, Sample] = {}
        self.full: Path | None = None
        self._spent = 0.0
        self._own_ms = own_ms
        self._bytes = BytesIO()
        self._log = open_log(self._bytes, "observer", Redactor())
        means = Means(
            self.link,
            "cache:6379",
            self.write,
            self._log,
            self.clock,
            JumpingPause(self.clock, self._before),
            self._own,
        )
        self.watch = RedisWatch(means)

    async def write(self, record: Mapping[str, Any]) -> None:
        if self.full is not None:
            raise WriteError(self.full, OSError(28, "No space left on device"))
        self.records.append(record)

    def _own(self) -> int:
        self._spent += self._own_ms
        return round(self._spent * NS_PER_MS)

    def _before(self, _at_ns: int | None) -> None:
        sample = self.samples.pop(self.link.pings, None)
        if sample is not None:
            self.watch.note(sample)
        if not self.samples and sample is None:
            self.watch._closing = True

    async def run(self, **samples: int) -> None:
        """Go on until the last of the samples, each asked for after so many PINGs, and close."""
        for number, (label, after) in enumerate(samples.items()):
            at_ns = after * PING_NS
            self.samples[after] = Sample(number, "" if label.startswith("row") else label, at_ns, True, {}, None)
        await self.watch.run()
        await self.watch.close()
        assert await asyncio.to_thread(self._log.close)

    def logged(self, level: str) -> list[str]:
        lines = [orjson.loads(line) for line in self._bytes.getvalue().splitlines()]
        return [line["msg"] for line in lines if line["level"] == level]


async def test_each_sample_has_a_record_with_the_pings_since_the_one_before() -> None:
    seen = Watched()
    await seen.run(start=2, row1=6, end=9)

    assert [(record["label"], record["sample"], record["t_s"]) for record in seen.records] == [
        ("start", 0, 0.0), ("", 1, 1.0), ("end", 2, 1.75),
    ]  # fmt: skip
    assert [record["ping"]["sent"] for record in seen.records] == [2, 4, 3]
    assert seen.records[1]["ping"]["p50_ms"] == pytest.approx(1, rel=0.001)
    assert Histogram.decode(seen.records[1]["ping"]["histogram"]).total == 4
    assert seen.link.looks == [None, 10, 20], "each look goes on in the slow log where the last one ended"
    assert seen.records[1]["slow_log"] == {"new": 10, "by_command": {}, "slowest_us": None, "slowest_command": None}
    assert seen.logged("info").count("redis") == 3
    assert seen.logged("warn") == ["Redis refuses a part, which is NA: LATENCY: denied"]
    assert seen.link.closed


async def test_a_redis_that_goes_and_comes_is_na_told_once_and_counted_as_a_reconnect() -> None:
    def took_ms(number: int) -> float:
        if 3 <= number <= 6:
            raise DOWN
        return 1

    seen = Watched(took_ms)
    await seen.run(start=1, row1=5, row2=8)

    gone, back = seen.records[1:]
    assert (gone["ok"], gone["info"], gone["slow_log"]) == (False, None, None)
    assert gone["trouble"] == "no connection: refused"
    assert (gone["ping"]["answered"], gone["ping"]["failed"]) == (1, 3)
    assert (back["ok"], back["reconnects"], back["ping"]["failed"]) == (True, 1, 1)
    warned = seen.logged("warn")
    assert [text for text in warned if "does not answer" in text] == [
        "Redis at cache:6379 does not answer: no connection: refused"
    ]
    assert "redis: NA, no connection: refused" in warned
    assert "Redis at cache:6379 answers again" in seen.logged("info")


@pytest.mark.parametrize(("kind", "pause_s"), [("connection", 1.0), ("refused", 10.0)])
async def test_one_that_cannot_be_had_is_not_tried_four_times_a_second(kind: str, pause_s: float) -> None:
    at_s: list[float] = []
    clocked: list[Watched] = []

    def took_ms(number: int) -> float:
        at_s.append(clocked[0].clock.now_ns / NS_PER_S)
        raise RedisTrouble(kind, "no")

    seen = Watched(took_ms)
    clocked.append(seen)
    await seen.run(start=4)
    assert at_s[:4] == [0, pause_s, 2 * pause_s, 3 * pause_s]
    assert seen.records[0]["ping"]["sent"] == 4


async def test_a_redis_that_never_answers_has_no_percentile_and_no_reconnect() -> None:
    def took_ms(number: int) -> float:
        raise DOWN

    seen = Watched(took_ms)
    await seen.run(start=2, end=4)
    assert [record["ping"]["p50_ms"] for record in seen.records] == [None, None]
    assert [record["ping"]["histogram"] for record in seen.records] == [None, None]
    assert [record["reconnects"] for record in seen.records] == [0, 0]


async def test_a_ping_that_waits_holds_up_those_that_were_due_meanwhile() -> None:
    """One of 1 s at 4 a second: three were due before it ended, and waited 750, 500 and 250 ms."""
    seen = Watched(lambda number: 1_000 if number == 2 else 1)
    await seen.run(start=1, row1=2)

    ping = seen.records[1]["ping"]
    assert (ping["sent"], ping["answered"], ping["held_up"]) == (1, 1, 3)
    times = Histogram.decode(ping["histogram"])
    assert [round(times.percentile(q) / NS_PER_MS) for q in (25, 50, 75, 100)] == [250, 500, 750, 1_000]


async def test_a_look_that_waits_holds_up_pings_too() -> None:
    """The look at the row begins when the second PING is over, 249 ms before the third is due, and waits for 1 s."""
    seen = Watched()
    ordinary = seen.link.look

    async def slow(last_slow: int | None) -> Look:
        if seen.link.looks:
            seen.clock.now_ns += NS_PER_S
        return await ordinary(last_slow)

    seen.link.look = slow  # type: ignore[method-assign]
    await seen.run(start=1, row1=2, row2=3)
    ping = seen.records[1]["ping"]
    times = Histogram.decode(ping["histogram"])
    assert (ping["sent"], ping["answered"], ping["held_up"]) == (1, 1, 4)
    assert [round(times.percentile(q) / NS_PER_MS) for q in (40, 60, 80, 100)] == [1, 251, 501, 751]


async def test_a_ping_that_timed_out_has_at_least_the_time_it_took() -> None:
    clocked: list[Watched] = []

    def took_ms(number: int) -> float:
        if number == 2:
            clocked[0].clock.now_ns += NS_PER_S
            raise RedisTrouble("timeout", "no answer within 1 s")
        return 1

    seen = Watched(took_ms)
    clocked.append(seen)
    await seen.run(start=1, row1=2)
    ping = seen.records[1]["ping"]
    assert (ping["timeouts"], ping["answered"], ping["max_ms"]) == (1, 0, pytest.approx(1_000, rel=0.001))


async def test_a_ping_while_we_were_busy_is_no_measurement() -> None:
    seen = Watched(own_ms=5)
    await seen.run(start=1, row1=4)
    ping = seen.records[1]["ping"]
    assert (ping["sent"], ping["disturbed"], ping["answered"], ping["p50_ms"]) == (3, 3, 0, None)


async def test_a_disk_that_is_full_ends_the_watch_and_nothing_else(tmp_path: Path) -> None:
    seen = Watched()
    seen.full = tmp_path / "redis.jsonl"
    await seen.run(start=1, row1=3)
    assert [text.splitlines()[0] for text in seen.logged("error")] == [
        f"Redis is watched no longer: {tmp_path / 'redis.jsonl'}: No space left on device"
    ]
    assert seen.link.closed
