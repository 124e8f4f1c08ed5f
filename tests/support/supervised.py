"""Supervised runs over fake children: the real supervisor, real processes, no traffic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.clock import utc_now
from loadgen.core.events import NoView
from loadgen.core.rundir import RunDirectory
from loadgen.core.units import NS_PER_S, parse_rate
from loadgen.plan.model import Kind, Limits, LoadPlan, Observation, Plan, Profile, Stage, Target
from loadgen.run.launch import child_environment
from loadgen.run.setup import Setup
from loadgen.run.supervise import supervise

if TYPE_CHECKING:
    from loadgen.run.ending import Ending

_ROOT = Path(__file__).parents[2]
_FAKE = "tests.support.fake_child"


def load_plan(seconds: int, *, rate: str = "20", workers: int = 1, concurrency: int = 4) -> LoadPlan:
    """Return a load of so many seconds on an address that nobody calls."""
    return LoadPlan(
        stages=(Stage(parse_rate(rate), seconds * NS_PER_S),),
        targets=(Target("home", "http://127.0.0.1:9/"),),
        concurrency=concurrency,
        workers=workers,
        limits=Limits(drain_ns=NS_PER_S, grace_ns=NS_PER_S),
    )


def make_plan(
    seconds: int = 2,
    *,
    observed: bool = False,
    warmup: bool = False,
    warmup_seconds: int = 1,
    workers: int = 1,
    rate: str = "20",
) -> Plan:
    """Return a plan for fake children."""
    observation = Observation(("http://127.0.0.1:9/metrics",), NS_PER_S, seconds, probe_ns=NS_PER_S // 2)
    return Plan(
        kind=Kind.BASELINE,
        profile=Profile.DEV,
        environment="test",
        base_url="http://127.0.0.1:9/",
        load=load_plan(seconds, workers=workers, rate=rate),
        warmup=load_plan(warmup_seconds, workers=workers, concurrency=1) if warmup else None,
        observation=observation if observed else None,
    )


def new_place(tmp_path: Path) -> RunDirectory:
    """Return a new run directory below a test's own."""
    return RunDirectory.create(tmp_path / "results", "dev", utc_now())


def fake_setup(tmp_path: Path, **environment: str) -> Setup:
    """Return a setup with fake children; keyword arguments become their environment."""
    return Setup(
        environment={**child_environment(os.environ), "PYTHONPATH": str(_ROOT), **environment},
        worker_module=_FAKE,
        observer_module=_FAKE,
        stop_file=tmp_path / "STOP",
        pid_dir=tmp_path,
        partial_report=False,
    )


async def run_plan(plan: Plan, place: RunDirectory, setup: Setup) -> Ending:
    """Supervise a plan without showing anything."""
    return await supervise(plan, place, NoView(), setup)
