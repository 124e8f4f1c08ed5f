"""Processors are counted by affinity and by every cgroup limit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from loadgen.plan.processors import usable_processors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def eight_by_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_cgroup_affinity_decides(tmp_path: Path) -> None:
    assert usable_processors(tmp_path, tmp_path / "none") == 8


@pytest.mark.parametrize(
    ("own", "parent", "expected"),
    [
        ("max 100000", "max 100000", 8),
        ("200000 100000", "max 100000", 2),
        ("max 100000", "350000 100000", 3),
        ("50000 100000", "max 100000", 1),
        ("1600000 100000", "max", 8),
    ],
)
def test_the_smallest_limit_on_the_way_up_decides(tmp_path: Path, own: str, parent: str, expected: int) -> None:
    write(tmp_path / "own", "0::/a/b\n")
    write(tmp_path / "fs/a/b/cpu.max", own + "\n")
    write(tmp_path / "fs/a/cpu.max", parent + "\n")
    assert usable_processors(tmp_path / "fs", tmp_path / "own") == expected


def test_the_older_kind_of_cgroup_counts_as_well(tmp_path: Path) -> None:
    write(tmp_path / "own", "4:memory:/a\n3:cpu,cpuacct:/a\n")
    write(tmp_path / "fs/cpu/a/cpu.cfs_quota_us", "400000\n")
    write(tmp_path / "fs/cpu/a/cpu.cfs_period_us", "100000\n")
    write(tmp_path / "fs/cpu/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "fs/cpu/cpu.cfs_period_us", "100000\n")
    assert usable_processors(tmp_path / "fs", tmp_path / "own") == 4
