"""Checks of this machine: disk, descriptors, ports, processors, timers, and git's view of the env files."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import resource
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.plan.processors import usable_processors
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned
from loadgen.run.preflight_process import ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loadgen.plan.model import LoadPlan, Plan

_MB = 1_000_000
_RESERVE_BYTES = 100 * _MB
_PAGE_BYTES = 200_000
_HISTOGRAM_BYTES = 2_000
_SECOND_BYTES = 400
_SPARE_DESCRIPTORS = 64
_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_GIT_S = 10.0
_SHORT_LOG_S, _LONG_LOG_S = 600, 12 * 3_600


def host_checks(plan: Plan, results: Path) -> Iterator[Check]:
    """Make every check of the machine that needs no other program."""
    yield disk_check(plan, results)
    yield descriptor_check(plan.load, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield port_check(plan.load, _port_range(_PORT_RANGE))
    yield processor_check(plan.load, usable_processors())
    yield _timer_check()
    yield _loop_check()


def planned_bytes(plan: Plan, page_bytes: int = _PAGE_BYTES) -> int:
    """Estimate the size of the run directory: raw pages, the histogram log, and one line a second.

    The log has one interval a second up to 10 min, one in 10 s beyond, one in 60 s beyond 12 h.
    """
    seconds = sum(stage.duration_ns for stage in plan.load.stages) // NS_PER_S
    step = 1 if seconds <= _SHORT_LOG_S else 10 if seconds <= _LONG_LOG_S else 60
    histograms = (5 + len(plan.load.targets)) * (seconds // step + 1)
    pages = 0 if plan.observation is None else plan.observation.samples * len(plan.observation.metrics_urls)
    return histograms * _HISTOGRAM_BYTES + seconds * _SECOND_BYTES + pages * page_bytes


def disk_check(plan: Plan, results: Path) -> Check:
    """Compare the planned size and a reserve of 100 MB with the free space where results go."""
    name = "disk space"
    place = next(path for path in (results.absolute(), *results.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return failed(name, f"{place} is no directory that can be written to: choose another with --out")
    free, planned = shutil.disk_usage(place).free, planned_bytes(plan)
    shown = f"{free // _MB:,} MB free at {place}, about {max(1, planned // _MB):,} MB planned"
    if free < planned + _RESERVE_BYTES:
        return failed(name, f"{shown}, and 100 MB must stay free: make room or choose another place with --out")
    return passed(name, shown)


def descriptor_check(load: LoadPlan, limit: int) -> Check:
    """Compare the connections of one worker with its limit of open files."""
    name = "open files"
    needed = -(-load.concurrency // load.workers) + _SPARE_DESCRIPTORS
    if limit != resource.RLIM_INFINITY and limit < needed:
        return failed(name, f"the limit is {limit:,}, a worker needs {needed:,}: raise it with ulimit -n {needed}")
    return passed(
        name, f"a worker needs {needed:,} of {'unlimited' if limit == resource.RLIM_INFINITY else f'{limit:,}'}"
    )


def _port_range(source: Path) -> tuple[int, int] | None:
    try:
        low, high = (int(word) for word in source.read_text().split())
    except (OSError, ValueError):
        return None
    return low, high


def port_check(load: LoadPlan, ports: tuple[int, int] | None) -> Check:
    """Compare the connections with the local ports; replaced ones keep theirs for a minute."""
    name = "local ports"
    if ports is None:
        return skipped(name, "this system does not tell its range of local ports")
    there = ports[1] - ports[0] + 1
    shown = f"{load.concurrency:,} connections, {there:,} local ports"
    if load.concurrency > there:
        return failed(name, f"{shown}: lower the concurrency or widen net.ipv4.ip_local_port_range")
    if 2 * load.concurrency > there:
        return warned(name, f"{shown}: too few while connections are being replaced")
    return passed(name, shown)


def processor_check(load: LoadPlan, processors: int) -> Check:
    """Compare the workers with the processors we may use."""
    shown = f"{load.workers} worker{'s' if load.workers != 1 else ''}, {processors} usable"
    if load.workers > processors:
        return warned("processors", f"{shown}: workers will wait for each other; the validity of the run may suffer")
    return passed("processors", shown)


def has_timerfd() -> bool:
    """Say whether a worker can wake at an exact instant here."""
    if hasattr(os, "timerfd_create"):
        return True
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None, use_errno=True), "timerfd_create")


def _timer_check() -> Check:
    name = "timers"
    if has_timerfd():
        return passed(name, "timerfd: requests leave within tens of microseconds of their due time")
    return warned(name, "no timerfd here: pacing uses loop timers and is about a millisecond coarse")


def _loop_check() -> Check:
    if importlib.util.find_spec("uvloop") is None:
        return failed("uvloop", "not installed in this environment: reinstall loadgen with its dependencies")
    return passed("uvloop", "installed")


async def git_check(directory: Path, names: Iterable[str]) -> Check:
    """Say whether git ignores the env files of a work tree, so that credentials are never committed."""
    name = "env files ignored by git"
    inside = await ask(["git", "-C", str(directory), "rev-parse", "--is-inside-work-tree"], _GIT_S)
    if inside.code != 0 or inside.stdout.strip() != "true":
        return skipped(name, "not in a git work tree")
    exposed = []
    for item in names:
        ignored = await ask(["git", "-C", str(directory), "check-ignore", "--quiet", "--", item], _GIT_S)
        if ignored.code not in (0, 1):
            return warned(name, f"git cannot tell about {item}: {ignored.stderr.strip()}")
        if ignored.code == 1:
            exposed.append(item)
    if not exposed:
        return passed(name, ", ".join(names))
    message = f"{', '.join(exposed)} would be committed: add to .gitignore (and git rm --cached what is tracked)"
    there = any((directory / item).exists() for item in exposed)
    return failed(name, message) if there else warned(name, message)
