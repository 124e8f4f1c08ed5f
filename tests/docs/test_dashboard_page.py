"""Every command of docs/DASHBOARD.md works as it stands there, in its order; its tables say what is so."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import yaml
from click.testing import CliRunner

from loadgen.cli.main import loadgen
from reports.analysis.dashboard.checklist import SIMULATIONS, shown_on
from reports.cli import report
from reports.render.dashboard_checklist import checklist_text
from tests.support.dashboards import SHIPPED, made
from tests.support.grafana import EDITOR, grafana
from tests.support.rule_terms import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.grafana import Grafana

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "DASHBOARD.md").read_text()
SHOWN_URL = "http://127.0.0.1:3000"


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as running:
        running.folders.add("slo")
        yield running


def test_every_command_works(tmp_path: Path, server: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("reports.verbs.drawing.metric_facts", lambda profile, _: facts(profile))
    shutil.copy(ROOT / "reports" / "data" / "phase5-thresholds.json", tmp_path)
    (tmp_path / "grafana-token").write_text(EDITOR)
    commands = shown_commands()
    assert len(commands) == 9
    for line in commands:
        words = shlex.split(line.replace(SHOWN_URL, server.url))
        assert words[:2] == ["loadgen", "report"]
        result = CliRunner().invoke(report, words[2:], standalone_mode=False)
        assert result.return_value == 0, f"{line}\n{result.output}\n{result.exception}"
    assert (tmp_path / "ops" / "grafana" / "dashboards" / "phase5.json").read_bytes() == SHIPPED.read_bytes()
    assert json.loads((tmp_path / "checkout.json").read_text())["uid"] == "checkout"
    assert server.stored["loadgen-metasheet"]["folder"] == "slo"
    assert len(server.tokens) == 1, "the dry run sends nothing"


def test_the_checklist_in_the_repository_is_what_is_generated_now() -> None:
    dashboard = made("metasheet")
    text = checklist_text(dashboard, shown_on({panel.title for panel in dashboard.panels}))
    assert (ROOT / "docs" / "DASHBOARD_CHECKLIST.md").read_text() == text


def test_every_sight_of_the_checklist_is_a_panel_and_every_mark_an_alert() -> None:
    panels = {panel["title"] for panel in json.loads(SHIPPED.read_text())["panels"]}
    groups = yaml.safe_load((ROOT / "ops" / "prometheus" / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    for simulation in SIMULATIONS:
        assert {sight.panel for sight in simulation.sights} <= panels, simulation.command
        assert set(simulation.alerts) <= alerts, simulation.command


@pytest.mark.parametrize("line", [simulation.command for simulation in SIMULATIONS])
def test_every_command_of_the_checklist_has_only_options_that_there_are(line: str) -> None:
    _, *arguments = shlex.split(line)
    command: click.Command | None = loadgen
    with click.Context(loadgen) as context:
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        command.make_context(line, list(arguments), parent=context)


def test_every_row_of_the_dashboard_is_described() -> None:
    rows = [panel["title"] for panel in json.loads(SHIPPED.read_text())["panels"] if panel["type"] == "row"]
    described = re.findall(r"^\| ([A-Z][a-z ]+) \| ", PAGE, re.MULTILINE)
    assert described == rows


def test_the_stack_is_described_as_its_file_is() -> None:
    (path,) = re.findall(r"docker compose -f (\S+) up -d", PAGE)
    assert (ROOT / path).is_file()
    text = (ROOT / path).read_text()
    for port in (19190, 9093, 9091, 3000):
        assert str(port) in PAGE
        assert str(port) in text
