"""Preflight: every check before a run, all results, and the plan with what was seen.

Laws: no check stops another; nothing is sent beyond /health, the metrics URLs and one request to each GET or HEAD
endpoint; nothing that it prints holds a secret.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.clock import utc_now
from loadgen.core.redact import Redactor
from loadgen.core.units import NS_PER_US, format_duration
from loadgen.run.preflight_breaker import arming_checks, idle_checks, idle_ns, unarmed_inputs
from loadgen.run.preflight_host import git_check, host_checks
from loadgen.run.preflight_metrics import observe_once, page_checks, read_pages
from loadgen.run.preflight_model import Check, PreflightResult, Status, failed, passed, warned
from loadgen.run.preflight_process import ask
from loadgen.run.preflight_redis import redis_checks
from loadgen.run.preflight_settings import credential_checks, flag_checks, slo_check, token_check
from loadgen.run.preflight_target import target_checks

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from loadgen.core.config import Settings
    from loadgen.plan.model import Plan
    from loadgen.run.preflight_metrics import ObserveOnce

ENV_FILES = (".env.phase5", ".env.phase5.staging")
_PROGRAMS = ("loadgen.worker", "observer", "reports")
_PROGRAM_S = 30.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where preflight looks besides the plan, and what it asks with.

    `idle_ns` None means as long as the profile wants. `once` asks the observer about metrics URLs. `say` gets a
    sentence before something takes long.
    """

    results: Path
    directory: Path = Path()
    env_files: tuple[str, ...] = ENV_FILES
    idle_ns: int | None = None
    once: ObserveOnce = observe_once
    say: Callable[[str], None] = lambda _: None
    now: datetime = field(default_factory=utc_now)


def surroundings(
    settings: Settings, directory: Path, env_file: Path | None = None, say: Callable[[str], None] = lambda _: None
) -> Surroundings:
    """Return what a command has around it: its directory, its env files, its results, its --idle."""
    names = tuple(dict.fromkeys(ENV_FILES if env_file is None else (*ENV_FILES, str(env_file))))
    return Surroundings(Path(settings.out_dir), directory, names, settings.idle_ns, say=say)


async def preflight(plan: Plan, settings: Settings, around: Surroundings) -> PreflightResult:
    """Make every check and return all of them; raises nothing for what it finds.

    The service is asked only after the checks that need no traffic, but whatever those say. The measurement without
    load comes last and is left out when something failed already, because the run will not start.
    """
    checks: list[Check] = [
        *flag_checks(plan, settings),
        slo_check(plan),
        *credential_checks(plan, settings),
        token_check(plan.jwt, around.now, run_length(plan) if plan.issuer is None else timedelta()),
        *host_checks(plan, around.results),
        await git_check(around.directory, around.env_files),
        *await _program_checks(),
        *(warned("notice", note) for note in plan.notes),
    ]
    seen, seen_plan = await target_checks(plan, allow_degraded=settings.allow_degraded)
    checks += seen
    pages = await read_pages(plan, around.once)
    checks += page_checks(plan, pages)
    unarmed = unarmed_inputs(plan, pages)
    checks += arming_checks(plan, unarmed)
    checks += await redis_checks(plan)
    if not any(check.status is Status.FAIL for check in checks):
        length_ns = idle_ns(plan) if around.idle_ns is None else around.idle_ns
        if plan.observation is not None and length_ns:
            around.say(f"watching the service without load for {format_duration(length_ns)}")
        checks += await idle_checks(plan, pages, around.once, length_ns)
    redactor = Redactor(plan.secrets)
    masked = (Check(redactor.text(item.name), item.status, redactor.text(item.message)) for item in checks)
    return PreflightResult(tuple(masked), seen_plan, unarmed)


def run_length(plan: Plan) -> timedelta:
    """Return how long the plan's warm-up and load last together."""
    stages = (*plan.load.stages, *(() if plan.warmup is None else plan.warmup.stages))
    return timedelta(microseconds=sum(stage.duration_ns for stage in stages) // NS_PER_US)


async def _program_checks() -> list[Check]:
    """Start every program that a run starts, as it will be started, and see that it can say its usage."""
    return list(await asyncio.gather(*(_program_check(module) for module in _PROGRAMS)))


async def _program_check(module: str) -> Check:
    name = f"program {module}"
    answer = await ask([sys.executable, "-P", "-m", module, "--help"], _PROGRAM_S)
    if answer.code == 0:
        return passed(name, "starts")
    said = (answer.stderr.strip().splitlines() or [f"exit code {answer.code}"])[-1]
    return failed(name, f"does not start ({said[:200]}): reinstall loadgen with its dependencies")
