"""Every command of docs/HISTORY.md works as it stands there, in the order shown."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from observer.cli import observer
from reports.cli import report
from reports.loader.thresholds import bundled_text
from tests.support.nightlies import validation, write_nights
from tests.support.processes import loadgen, service
from tests.support.runs import RunOnDisk

if TYPE_CHECKING:
    import subprocess

PAGE = (Path(__file__).parents[2] / "docs" / "HISTORY.md").read_text()
SHOWN_URL = "http://127.0.0.1:8901"
CONTEXT = report.make_context("report", ["--", "x"])
PLACES = ("`<service>`", "`<owner>`", "`<name, date>`", "`<date>`")


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def lay_out(directory: Path) -> None:
    """Put what the page's commands read into a directory: a good run, nights, a validation, thresholds, levels."""
    run = RunOnDisk(latencies_ms={20: 100}).write(directory / "results" / "phase5-prod-20260301-120000")
    probes = "\n".join(f"x,{5 * at}.0,1.0,1," for at in range(1, 100))
    (run / "probes.csv").write_text(f"timestamp,t_s,took_ms,ok,error\n{probes}\n")
    write_nights(directory / "results" / "nightly", 14)
    (directory / "validation.json").write_bytes(orjson.dumps(validation(datetime(2026, 4, 1, tzinfo=UTC).date())))
    (directory / "thresholds.json").write_text(bundled_text())
    (directory / "levels.toml").write_text(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0])


def run_line(line: str, directory: Path, url: str) -> subprocess.CompletedProcess[str]:
    if "--finalize" in line:
        draft = directory / "docs" / "phase5" / "SLO_DRAFT.md"
        text = draft.read_text()
        for place in PLACES:
            text = text.replace(place, "filled in")
        draft.write_text(text)
    return loadgen(*shlex.split(line.replace(SHOWN_URL, url))[1:], cwd=directory)


@pytest.mark.stack
@pytest.mark.timeout(180)
def test_the_commands_work_in_the_order_shown(tmp_path: Path) -> None:
    lay_out(tmp_path)
    lines = [line for line in shown_commands() if "nightly --demo" not in line]
    with service("loadgen.demo") as demo:
        demo.text("/api/data/user:1")
        for line in lines:
            done = run_line(line, tmp_path, demo.url)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    for made in (
        "docs/SLO_v2.5.0.md", "docs/SLO_REPORT.md", "docs/WEEKLY_TREND.svg",
        "docs/weekly-trend.html", "SLO_SUGGESTIONS.json", "tighter.patch", "thresholds.json.bak",
    ):  # fmt: skip
        assert (tmp_path / made).is_file(), made


@pytest.mark.stack
@pytest.mark.skipif("baseline" not in report.list_commands(CONTEXT), reason="the verb baseline is not here yet")
@pytest.mark.timeout(180)
def test_the_nightly_round_of_the_demo_keeps_its_night(tmp_path: Path) -> None:
    line = next(line for line in shown_commands() if line.endswith("nightly --demo"))
    done = loadgen(*shlex.split(line)[1:], cwd=tmp_path)
    told = [text for text in done.stderr.splitlines() if text.startswith("nightly: ")]
    assert [text.split(": ")[1] for text in told] == ["validate", "regress", "stage", "trend", "suggest", "rotate"]
    base = tmp_path / "results" / "demo"
    (night,) = (base / "nightly").iterdir()
    assert re.fullmatch(r"phase5-\d{8}\.json", night.name)
    assert (base / "nightly-report" / "WEEKLY_TREND.svg").is_file()
    # whether a figure of a busy machine is within its threshold is not the question here
    assert done.returncode in (0, 1, 3), done.stderr


@pytest.mark.stack
@pytest.mark.timeout(180)
def test_a_night_with_a_load_keeps_the_latencies_of_its_run(tmp_path: Path) -> None:
    line = next(line for line in shown_commands() if line.endswith("--demo --load"))
    done = loadgen(*shlex.split(line)[1:], cwd=tmp_path, env={"LOAD_SAMPLES": "2", "INTERVAL_SECONDS": "3"})
    assert done.returncode in (0, 1, 3), done.stderr
    base = tmp_path / "results" / "demo"
    (run,) = (base / "nightly-report" / "runs").glob("phase5-dev-*")
    (night,) = (base / "nightly").iterdir()
    kept = orjson.loads(night.read_bytes())
    assert kept["baseline"]["source"] == run.name
    assert len(kept["client"]["blocks"]) == 6
    assert kept["client"]["requests"] == 480


def test_the_page_names_every_command_of_the_history() -> None:
    verbs = ("recommend", "slo", "stage", "trend", "suggest", "thresholds", "retention", "cache-audit")
    assert [verb for verb in verbs if f"loadgen report {verb}" not in PAGE] == []
    assert [verb for verb in verbs if verb not in report.list_commands(CONTEXT)] == []


def test_the_export_of_a_query_takes_the_options_shown() -> None:
    (line,) = re.findall(r"python -m observer (query .*)", PAGE)
    arguments = shlex.split(line)[1:]
    command = observer.commands["query"]
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0
    command.make_context("query", [*arguments[:-1], "/dev/null"])
