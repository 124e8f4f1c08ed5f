"""Every command of docs/SYNTHETIC_ALERTS.md works as it stands there, for less time, and its tables say what is so."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from loadgen.core.units import format_duration
from loadgen.drill.page import page
from loadgen.drill.scenario import SCENARIOS, scenario_named
from tests.support.daemons import api, pushgateway
from tests.support.demo import Page
from tests.support.processes import loadgen, service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "SYNTHETIC_ALERTS.md").read_text(encoding="utf-8")
SHORTER = {
    "--duration 15m": "--duration 1s --push-interval 200ms",
    "--all --sink pushgateway --compress 120": "--all --sink pushgateway --compress 1000 --duration 400",
}
ELSEWHERE = {"--prom-url": "tests/drill/test_stack_synth.py"}
"""What needs rules that fire, which take their time; another test watches that."""


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table whose head begins so."""
    table = PAGE.split(f"| {heading} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_the_commands_work_in_the_order_shown(tmp_path: Path) -> None:
    (tmp_path / "ops" / "prometheus").mkdir(parents=True)
    shutil.copy(ROOT / "ops" / "prometheus" / "alerts.yml", tmp_path / "ops" / "prometheus")
    with pushgateway() as gateway, service("loadgen.demo") as demo:
        for line in shown_commands():
            if any(option in line for option in ELSEWHERE):
                continue
            for long, short in SHORTER.items():
                line = line.replace(long, short)
            line = line.replace("http://127.0.0.1:8901", demo.url).replace("http://localhost:9091", gateway)
            program, *arguments = shlex.split(line)
            assert program == "loadgen"
            done = loadgen(*arguments, cwd=tmp_path, env={"PUSHGATEWAY_URL": gateway})
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert api(gateway, "metrics") == []
    checked = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "fast-rules" / "alerts.yml")], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.stack
def test_the_scrape_configuration_is_one_that_prometheus_takes(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(block)
    checked = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_option_shown_is_one_of_the_command_and_what_is_run_elsewhere_is() -> None:
    from loadgen.cli.drill_synth import synth

    known = {name for parameter in synth.params for name in parameter.opts}
    shown = {word for line in shown_commands() if " synth " in line for word in line.split() if word.startswith("--")}
    assert shown <= known
    for option, place in ELSEWHERE.items():
        assert option in (ROOT / place).read_text(encoding="utf-8")


def test_the_table_of_scenarios_says_what_each_does_fires_and_needs() -> None:
    expected = [
        [
            f"`{scenario.name}`",
            scenario.summary.removesuffix(" and its source falls silent"),
            ", ".join(f"`{alert}`" for alert in scenario.alerts),
            format_duration(scenario.needs_ns),
        ]
        for scenario in SCENARIOS
    ]
    assert rows("scenario") == expected


def test_the_table_of_series_names_every_series_that_is_pushed() -> None:
    raw = page("controller-stalled", scenario_named("controller-stalled").relay, 0, {})
    pushed = {re.sub("_(bucket|count|sum)$", "", name) for name, _ in Page.parse(raw.decode()).samples}
    assert {row[0].strip("`") for row in rows("series")} == pushed


def test_the_long_way_takes_what_the_page_says() -> None:
    minutes = sum(scenario.needs_ns for scenario in SCENARIOS) / 60e9 + 6 * 10
    assert minutes == pytest.approx(3.5 * 60, abs=10), minutes
