"""What this host and this build are: the part of metadata.json that says whether two runs may be compared.

Law: facts only, each one obtained without privilege; what a system does not tell is null.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("loadgen", "uvloop", "httptools", "aiohttp", "numpy", "hdrhistogram", "orjson")


def take_fingerprint(workers: int) -> dict[str, Any]:
    """Return the fingerprint; reads a few small files, so call it from a thread."""
    return {
        "host": platform.node(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": _line_value(Path("/proc/cpuinfo"), "model name"),
        "cpus": os.cpu_count(),
        "affinity": _affinity(),
        "cgroup_cpus": cgroup_cpus(),
        "memory_mb": _memory_mb(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "clocksource": _text(Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        "local_ports": _text(Path("/proc/sys/net/ipv4/ip_local_port_range")),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "versions": {name: _version(name) for name in _PACKAGES},
        "workers": workers,
    }


def cgroup_cpus(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return how many processors the cgroup (v2) allows; None without a limit."""
    text = _text(root / "cpu.max")
    if text is None:
        return None
    quota, _, period = text.partition(" ")
    return None if quota == "max" or not period else round(int(quota) / int(period), 3)


def _affinity() -> list[int] | None:
    if not hasattr(os, "sched_getaffinity"):
        return None
    return sorted(os.sched_getaffinity(0))


def _memory_mb() -> int | None:
    total = _line_value(Path("/proc/meminfo"), "MemTotal")
    return None if total is None else int(total.split()[0]) // 1024


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _text(path: Path) -> str | None:
    try:
        return " ".join(path.read_text(encoding="utf-8").split())
    except OSError:
        return None


def _line_value(path: Path, name: str) -> str | None:
    try:
        with path.open(encoding="utf-8") as lines:
            found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
            return next(found, None)
    except OSError:
        return None
