"""How many processors this process may use.

Law: the answer is the smallest of affinity and every cgroup bandwidth limit above us, rounded down, at least 1.
"""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP_ROOT = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def usable_processors(root: Path = _CGROUP_ROOT, own: Path = _OWN_CGROUP) -> int:
    """Return the number of processors by affinity and cgroup; `root` and `own` are where the system tells them."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [limit for limit in (_limit(path) for path in _bandwidth_files(root, own)) if limit is not None]
    return max(1, min([affinity, *(int(limit) for limit in limits)]))


def _bandwidth_files(root: Path, own: Path) -> list[Path]:
    """Return the bandwidth files of our cgroup and of every one above it, for both versions of cgroups."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    files: list[Path] = []
    for line in lines:
        _, controllers, place = (*line.split(":", 2), "", "")[:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        base, name = (root / "cpu", "cpu.cfs_quota_us") if controllers else (root, "cpu.max")
        relative = Path(place.lstrip("/"))
        files += [base / part / name for part in (relative, *relative.parents)]
    return files


def _limit(path: Path) -> float | None:
    """Return quota / period of one bandwidth file; None for no limit or a file that is not there."""
    try:
        words = path.read_text().split()
        if path.name == "cpu.cfs_quota_us":
            words.append(path.with_name("cpu.cfs_period_us").read_text().strip())
        quota, period = (float(word) for word in words)
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
