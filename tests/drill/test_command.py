"""A drill from the command line, on a service that is there already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.stack
def test_a_drill_prints_its_evidence_on_stdout_and_what_it_does_on_stderr(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        done = loadgen("drill", "restart", "--before", "1s", "--json", "--base-url", demo.url, cwd=tmp_path)
        start, panel = demo.get("/internal/received")["restarts"], demo.get("/internal/fault")

    evidence = json.loads(done.stdout)
    assert (done.returncode, evidence["passed"], evidence["target"]) == (0, True, demo.url)
    assert (start, panel["lease"]) == (1, None)
    before, during = evidence["figures"][0]["before"], evidence["figures"][0]["during"]
    assert during > before, "the process seems to have started later"
    assert done.stderr.splitlines() == [f"drill: {evidence['incident']}", f"drill: {evidence['lifted']}"]
