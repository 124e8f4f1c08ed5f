"""The observer as the supervisor sees it: started, asked for scrapes, listened to, let go.

Laws: samples and probes are handed on as they come; asking for a scrape never waits longer than it is told to; an
observer that is gone ends the run.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.messages import (
    ObservePlan,
    ObserverFinal,
    PlanMessage,
    Probe,
    Ready,
    Sample,
    Scrape,
    Stop,
    StopRequested,
)
from loadgen.core.messages import Start as StartMessage
from loadgen.core.units import NS_PER_S
from loadgen.run.ending import Cause
from loadgen.run.follow import Follower, engage
from loadgen.run.launch import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.logs import Log as LogFile
    from loadgen.core.messages import Body, Message
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan
    from loadgen.run.earlier import Earlier
    from loadgen.run.ending import End

READY_NS = 30 * NS_PER_S
OBSERVER_NUMBER = 0


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who wants to know: every sample, every probe."""

    sample: Callable[[Sample], None]
    probe: Callable[[Probe], None]


def observe_plan(plan: Plan, place: RunDirectory, earlier: Earlier | None = None, trace_id: str = "") -> ObservePlan:
    """Return what the observer is asked; a metric profile given as a file travels as its text."""
    observation = plan.observation
    if observation is None:
        raise ValueError("the plan observes nothing")
    profile = observation.metric_profile
    own_file = Path(profile).suffix == ".toml"
    return ObservePlan(
        metrics_urls=list(observation.metrics_urls),
        interval_ns=observation.interval_ns,
        samples=observation.samples,
        out_dir=str(place.path.absolute()),
        run_id=place.run_id,
        profile=profile,
        profile_text=Path(profile).read_text(encoding="utf-8") if own_file else "",
        auth_header="" if observation.auth_header is None else observation.auth_header.reveal(),
        probe_ns=observation.probe_ns,
        scrape_timeout_ns=min(5 * NS_PER_S, observation.interval_ns // 2),
        count_cache_miss=observation.count_cache_miss,
        ca_pem=plan.load.tls.ca_pem.decode("ascii"),
        verify_tls=plan.load.tls.verify,
        secrets=[secret.reveal() for secret in plan.secrets],
        slo=dict(plan.slo),
        skip_ns=plan.load.skip_ns,
        written=0 if earlier is None else earlier.rows,
        before=None if earlier is None else earlier.document["server_window"],
        redis_url="" if observation.redis_url is None else observation.redis_url.reveal(),
        trace_id=trace_id,
    )


class Watch:
    """One observer process."""

    def __init__(self, hooks: Hooks, end: End, log: LogFile) -> None:
        self.detail: Body = {}
        self.final: ObserverFinal | None = None
        self.rows = 0
        self.alive = False
        self._hooks = hooks
        self._end = end
        self._log = log
        self._follower: Follower | None = None
        self._ready = asyncio.Event()
        self._moved = asyncio.Condition()
        self._answers: dict[str, Sample] = {}

    def __repr__(self) -> str:
        return f"<Watch {self._follower!r}, {self.rows} rows{'' if self.alive else ', not running'}>"

    @property
    def pid(self) -> int | None:
        return None if self._follower is None else self._follower.child.pid

    async def start(self, module: str, environment: Mapping[str, str]) -> None:
        """Start the observer; return when it said hello. Raises TimeoutError, OSError."""
        spec = Spec("observer", module, OBSERVER_NUMBER, ("child",), environment)
        self._follower = await engage(spec, self._take, self._on_gone, self._log)
        self.alive = True
        async with asyncio.timeout(READY_NS / NS_PER_S):
            await self._follower.said_hello.wait()

    async def prepare(self, plan: ObservePlan) -> Body:
        """Hand out the plan; return what the observer says about the metrics. Raises TimeoutError."""
        self._send(PlanMessage(plan.to_body()))
        async with asyncio.timeout(READY_NS / NS_PER_S):
            await self._ready.wait()
        return self.detail

    def begin(self, t0_ns: int) -> None:
        """Let samples and probes begin at t0."""
        self._send(StartMessage(t0_ns))

    def cease(self, reason: str) -> None:
        """No more samples and probes, except those that are asked for."""
        self._send(Stop(0, reason))

    async def scrape(self, label: str, timeout_ns: int, fresh_ns: int = 0) -> Sample | None:
        """Ask for one scrape outside the grid; None when the observer is gone or does not answer in time.

        Where data is older than the scrape, newer data is waited for, up to `fresh_ns` more.
        """
        self._answers.pop(label, None)
        self._send(Scrape(label, fresh_ns))
        await self._until(lambda: label in self._answers, timeout_ns + fresh_ns)
        return self._answers.get(label)

    async def wait_rows(self, count: int, timeout_ns: int) -> bool:
        """Wait until so many rows of the grid are written; return whether they were."""
        await self._until(lambda: self.rows >= count, timeout_ns)
        return self.rows >= count

    async def dismiss(self, grace_ns: int) -> None:
        """Let the observer leave, and see that it does."""
        if self._follower is not None:
            await self._follower.dismiss(grace_ns)
            self.alive = False

    async def _until(self, reached: Callable[[], bool], timeout_ns: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_ns / NS_PER_S), self._moved:
                await self._moved.wait_for(lambda: reached() or not self.alive)

    def _send(self, message: Message) -> None:
        if self._follower is not None:
            self._follower.child.send(message)

    def _take(self, message: Message) -> None:
        match message:
            case Ready():
                self.detail = message.detail
                self._ready.set()
            case Sample():
                self._on_sample(message)
            case Probe():
                self._hooks.probe(message)
            case StopRequested():
                self._end.ask(Cause.OBSERVER_STOPPED, message.reason)
            case ObserverFinal():
                self.final = message
            case _:
                self._log.warn("a message that was not expected", child="observer", type=message.type)

    def _on_sample(self, sample: Sample) -> None:
        if sample.label:
            self._answers[sample.label] = sample
        else:
            self.rows += 1
        self._hooks.sample(sample)
        self._notify()

    def _on_gone(self, sentence: str) -> None:
        self.alive = False
        self._ready.set()
        self._end.ask(Cause.FAILURE, sentence)
        self._notify()

    def _notify(self) -> None:
        async def tell() -> None:
            async with self._moved:
                self._moved.notify_all()

        self._telling = asyncio.get_running_loop().create_task(tell())
