"""Measure this host's own floor: the null server on loopback, three short loads, one record.

Laws: the loads are ordinary supervised runs, so what is measured is what a run has; a load that did not complete or a
generator that was INVALID at an ordinary rate gives no floor.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import orjson

from loadgen.core.clock import iso_utc, utc_now
from loadgen.core.errors import LoadgenError
from loadgen.core.events import NoView
from loadgen.core.metadata import Status, read_metadata
from loadgen.core.rundir import RunDirectory
from loadgen.core.units import NS_PER_S, Rate
from loadgen.plan.model import BreakerLimits, Closed, Kind, Limits, LoadPlan, Plan, Profile, Stage, Target
from loadgen.run.demo_service import START_S, url_of
from loadgen.run.fingerprint import take_fingerprint
from loadgen.run.floor import RATES, key_of
from loadgen.run.launch import Process, Spec, child_environment, start_plain
from loadgen.run.preflight_host import has_timerfd
from loadgen.run.setup import Setup
from loadgen.run.supervise import supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECTIONS = 20
_FULL = 0.85
_END_NS = 2 * NS_PER_S


class NullService:
    """The null server as a child; an async context manager, `url` is where it listens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.url = ""
        self._spec = Spec("null server", "loadgen.demo.null", 0, ("--port", "0"), environment)
        self._process: Process | None = None

    def __repr__(self) -> str:
        return f"<NullService {self.url or 'not started'}>"

    async def __aenter__(self) -> Self:
        """Start it; raise LoadgenError when it does not say where it listens."""
        announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._process = await start_plain(
            self._spec, lambda line: None if announced.done() else announced.set_result(line)
        )
        try:
            async with asyncio.timeout(START_S):
                self.url = url_of(await announced)
        except (TimeoutError, LoadgenError) as error:
            await self.__aexit__()
            raise LoadgenError("the null server did not start") from error
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._process is not None:
            self._process.signal(15)
            await self._process.end(_END_NS)


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long each rate and the closed load are kept up."""

    rate_ns: int = 5 * NS_PER_S
    closed_ns: int = 3 * NS_PER_S


async def measure_floor(environ: Mapping[str, str], lengths: Lengths, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the record; raise LoadgenError when a load does not come to its end."""
    environment = child_environment(environ)
    fingerprint = await asyncio.to_thread(take_fingerprint, 1)
    rates: dict[str, Any] = {}
    async with NullService(environment) as null:
        for rate in RATES:
            say(f"{rate}/s for {lengths.rate_ns / NS_PER_S:g} s")
            stage = Stage(Rate(rate, NS_PER_S), lengths.rate_ns)
            rates[str(rate)] = _at_rate(await _run(_plan(null.url, stage), environment), rate)
        say(f"as many as one worker can for {lengths.closed_ns / NS_PER_S:g} s")
        stage = Stage(Rate(0, NS_PER_S), lengths.closed_ns)
        most = _most(await _run(_plan(null.url, stage, Closed(0)), environment))
    return {
        "schema_version": 1,
        "measured_at": iso_utc(utc_now()),
        "key": key_of(fingerprint),
        "connections": CONNECTIONS,
        "timer": "timerfd" if has_timerfd() else "loop",
        "rates": rates,
        "maximum": most,
    }


def _plan(url: str, stage: Stage, closed: Closed | None = None) -> Plan:
    load = LoadPlan(
        stages=(stage,),
        targets=(Target("null", url + "/", expected=(2,)),),
        concurrency=CONNECTIONS,
        limits=Limits(timeout_ns=5 * NS_PER_S),
        closed=closed,
    )
    breaker = BreakerLimits(enabled=False)
    return Plan(Kind.RUN, Profile.DEV, "selftest", url, load, breaker=breaker)


async def _run(plan: Plan, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a load and return its summary, with the worker's own account as `host`."""
    with TemporaryDirectory(prefix="loadgen-selftest-") as directory:
        place = RunDirectory(Path(directory))
        ending = await supervise(plan, place, NoView(), Setup(environment=environment, partial_report=False))
        if ending.status is not Status.COMPLETED:
            raise LoadgenError(f"the selftest was cut short: {ending.sentence}")
        summary: dict[str, Any] = orjson.loads(place.summary.read_bytes())
        (summary["host"],) = read_metadata(place.metadata)["load"]["hosts"]
        return summary


def _at_rate(summary: Mapping[str, Any], rate: int) -> dict[str, Any]:
    if summary["totals"]["done"] != summary["totals"]["scheduled"] or summary["validity"]["state"] == "INVALID":
        reasons = "; ".join(summary["validity"]["reasons"]) or f"{summary['outcomes']}"
        raise LoadgenError(f"no floor at {rate}/s on this host: {reasons}")
    response, lag = (summary["metrics"][name]["values"] for name in ("http_req_duration", "loadgen_lag"))
    return {
        "p50_ms": response["med"],
        "p99_ms": _p99(response),
        "lag_p50_ms": lag["med"],
        "lag_p99_ms": _p99(lag),
        "validity": summary["validity"]["state"],
        "reasons": summary["validity"]["reasons"],
    }


def _p99(values: Mapping[str, Any]) -> float:
    """Return the 99th percentile; the highest value where there are too few for it."""
    return float(values["max"] if values["p(99)"] is None else values["p(99)"])


def _most(summary: Mapping[str, Any]) -> dict[str, Any]:
    host, done = summary["host"], summary["totals"]["done"]
    seconds = summary["state"]["testRunDurationMs"] / 1_000
    return {
        "rate_per_s": round(done / seconds),
        "cpu_share": round(host["cpu_ns"] / host["wall_ns"], 3),
        "cpu_us_per_request": round(host["cpu_ns"] / 1_000 / max(1, done), 2),
        "hot_path": host["kernel"],
        "processors": os.cpu_count(),
    }


def floor_text(record: Mapping[str, Any], place: Path) -> str:
    """Return the record for people."""
    lines = [f"{'rate':>8}{'p50 ms':>10}{'p99 ms':>10}{'lag p50':>10}{'lag p99':>10}  validity"]
    for rate, one in record["rates"].items():
        figures = "".join(f"{one[name]:>10.3f}" for name in ("p50_ms", "p99_ms", "lag_p50_ms", "lag_p99_ms"))
        lines.append(f"{rate + '/s':>8}{figures}  {one['validity']}")
        lines += [f"          {reason}" for reason in one["reasons"]]
    most = record["maximum"]
    limit = "" if most["cpu_share"] >= _FULL else ", so the null server or other work set the limit"
    lines.append(
        f"one worker does at most {most['rate_per_s']:,}/s here, {most['cpu_us_per_request']:g} µs of processor a "
        f"request, {most['cpu_share']:.0%} of a processor{limit}"
    )
    lines.append(f"timer {record['timer']}, hot path {most['hot_path']}; kept in {place}")
    return "\n".join(lines)
