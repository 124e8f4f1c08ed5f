"""The soak of docs/LONG_RUNS.md starts as shown, and its arithmetic is right."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from loadgen.run.breaker_inputs import LEAST_REQUESTS
from tests.support.documents import DOCS, SHOWN_URL, commands, sections
from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "LONG_RUNS.md"
SOAK = sections(PAGE)["A soak of 24 to 48 hours"]


def test_the_arithmetic_of_a_soak_is_right() -> None:
    rows = {
        cells[0]: [int(cell) for cell in cells[1:]]
        for line in SOAK.splitlines()
        if line.startswith("| ") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 3
        and cells[1].isdigit()
    }  # fmt: skip
    seconds = [24 * 3600, 48 * 3600]
    assert rows.pop("seconds of load") == seconds
    assert rows.pop("samples of 600 s") == [length // 600 for length in seconds]
    assert rows.pop("probes, one in 5 s") == [length // 5 for length in seconds]
    for title, requests in rows.items():
        rate = float(re.findall(r"([\d.]+)/s", title)[0])
        assert requests == [round(rate * length) for length in seconds]
    assert len(rows) == 3
    assert f"holds {LEAST_REQUESTS} requests" in SOAK
    assert [f"{LEAST_REQUESTS / rate:g} s at {rate:g}/s" in SOAK for rate in (1, 0.5)] == [True, True]


def test_the_commands_ask_for_a_day() -> None:
    for shown in commands(PAGE):
        if "--samples" in shown.line:
            samples, interval = (re.findall(rf"{flag} (\d+)", shown.line)[0] for flag in ("--samples", "--interval"))
            assert int(samples) * int(interval) == 24 * 3600


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_a_soak_starts_is_seen_and_stops_as_shown(tmp_path: Path) -> None:
    lines = [shown.line for shown in commands(PAGE) if shown.line.split("--resume")[0] in SOAK]
    assert [line.split()[1] for line in lines] == ["preflight", "baseline", "status", "stop"]
    with service("loadgen.demo") as demo:
        told = {}
        for line in lines:
            done = loadgen(*shlex.split(line.replace(SHOWN_URL, demo.url))[1:], cwd=tmp_path, timeout_s=60)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            told[line.split()[1]] = done.stdout
    assert "of 86400 s" in told["status"]
    assert "samples  0 of 144" in told["status"]
    assert "stopped pid" in told["stop"]
