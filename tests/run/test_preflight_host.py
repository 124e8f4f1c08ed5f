"""The machine is judged by what the plan needs of it."""

from __future__ import annotations

import resource
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from loadgen.run.preflight_host import (
    descriptor_check,
    disk_check,
    git_check,
    host_checks,
    planned_bytes,
    port_check,
    processor_check,
)
from tests.support.checks import lines, planned

if TYPE_CHECKING:
    from pathlib import Path


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_the_planned_size_counts_pages_histograms_and_seconds() -> None:
    _, short = planned({"samples": "6", "interval": "10s"})
    assert planned_bytes(short, 1_000) == 6 * 61 * 2_000 + 60 * 400 + 6 * 1_000
    _, long = planned({"samples": "12", "interval": "600s", "endpoint": ("/a", "/b")})
    assert planned_bytes(long, 1_000) == 7 * 721 * 2_000 + 7_200 * 400 + 12 * 1_000


def test_too_little_room_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, plan = planned()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 50_000_000))
    (line,) = lines([disk_check(plan, tmp_path / "results")])
    assert line == (
        f"FAIL disk space: 50 MB free at {tmp_path}, about 13 MB planned, and 100 MB must stay free: "
        "make room or choose another place with --out"
    )


def test_enough_room_passes_and_a_place_that_cannot_be_written_fails(tmp_path: Path) -> None:
    _, plan = planned()
    (tmp_path / "file").write_text("")
    assert disk_check(plan, tmp_path).status.value == "PASS"
    assert lines([disk_check(plan, tmp_path / "file")]) == [
        f"FAIL disk space: {tmp_path}/file is no directory that can be written to: choose another with --out"
    ]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1_064, "PASS open files: a worker needs 1,064 of 1,064"),
        (1_063, "FAIL open files: the limit is 1,063, a worker needs 1,064: raise it with ulimit -n 1064"),
        (resource.RLIM_INFINITY, "PASS open files: a worker needs 1,064 of unlimited"),
    ],
)
def test_each_worker_needs_descriptors_for_its_connections(limit: int, expected: str) -> None:
    _, plan = planned({"concurrency": "2000", "workers": "2"})
    assert lines([descriptor_check(plan.load, limit)]) == [expected]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ((1, 4_000), "PASS local ports: 2,000 connections, 4,000 local ports"),
        (
            (1, 3_999),
            "WARN local ports: 2,000 connections, 3,999 local ports: too few while connections are being replaced",
        ),
        (
            (1, 1_999),
            "FAIL local ports: 2,000 connections, 1,999 local ports: "
            "lower the concurrency or widen net.ipv4.ip_local_port_range",
        ),
        (None, "SKIP local ports: this system does not tell its range of local ports"),
    ],
)
def test_connections_need_local_ports(ports: tuple[int, int] | None, expected: str) -> None:
    _, plan = planned({"concurrency": "2000"})
    assert lines([port_check(plan.load, ports)]) == [expected]


def test_more_workers_than_processors_are_a_warning() -> None:
    _, plan = planned({"workers": "3"})
    assert lines([processor_check(plan.load, 3)]) == ["PASS processors: 3 workers, 3 usable"]
    assert lines([processor_check(plan.load, 2)]) == [
        "WARN processors: 3 workers, 2 usable: workers will wait for each other; the validity of the run may suffer"
    ]


def test_every_check_of_the_machine_is_made(tmp_path: Path) -> None:
    _, plan = planned()
    names = [check.name for check in host_checks(plan, tmp_path)]
    assert names == ["disk space", "open files", "local ports", "processors", "timers", "uvloop"]


async def test_outside_a_work_tree_git_says_nothing(tmp_path: Path) -> None:
    assert lines([await git_check(tmp_path, [".env.phase5"])]) == [
        "SKIP env files ignored by git: not in a git work tree"
    ]


async def test_env_files_must_be_ignored_by_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, capture_output=True)
    remedy = "would be committed: add to .gitignore (and git rm --cached what is tracked)"
    assert lines([await git_check(tmp_path, [".env.phase5", "other"])]) == [
        f"WARN env files ignored by git: .env.phase5, other {remedy}"
    ]
    (tmp_path / ".env.phase5").write_text("PROD_JWT=\n")
    assert lines([await git_check(tmp_path, [".env.phase5"])]) == [
        f"FAIL env files ignored by git: .env.phase5 {remedy}"
    ]
    (tmp_path / ".gitignore").write_text(".env.*\n")
    assert lines([await git_check(tmp_path, [".env.phase5"])]) == ["PASS env files ignored by git: .env.phase5"]
