"""Every command of docs/ALERTS.md works as it stands there, and its table names every alert with its severity."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.processes import loadgen
from tests.support.prom_server import Answers, prom_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ALERTS.md").read_text()
SHOWN_URL = "http://127.0.0.1:19190"
CODES = {"alerts": 1, "--prom-url": 3}
"""Exit codes of a server of which one alert fires and no recording rule returns data; 0 of everything else."""


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def alerts() -> dict[str, str]:
    document = yaml.safe_load((ROOT / "ops" / "prometheus" / "alerts.yml").read_text())
    return {rule["alert"]: rule["labels"]["severity"] for group in document["groups"] for rule in group["rules"]}


@pytest.fixture
def server() -> Iterator[Answers]:
    """A Prometheus with the rules of the repository: one alert fires, and no recording rule has data."""
    document = yaml.safe_load((ROOT / "ops" / "prometheus" / "recording-rules.yml").read_text())
    recorded = [rule["record"] for group in document["groups"] for rule in group["rules"]]
    rules: list[dict[str, Any]] = [{"type": "recording", "name": name, "lastError": ""} for name in recorded]
    firing = [{"alertname": "ServiceDown", "severity": "critical", "job": "api", "instance": "a:80"}]
    with prom_server(Answers(lambda query: firing if "ALERTS" in query else [], rules)) as answers:
        yield answers


@pytest.mark.stack  # nine commands with their children
@pytest.mark.timeout(120)
def test_every_command_works(server: Answers, tmp_path: Path) -> None:
    commands = shown_commands()
    assert len(commands) == 9
    (tmp_path / "bin").mkdir()  # without promtool, which tests/reports runs over the same files
    for line in commands:
        words = shlex.split(line.replace(SHOWN_URL, server.url))
        result = loadgen(*words[1:], cwd=tmp_path, env={"PATH": str(tmp_path / "bin")})
        expected = next((code for word, code in CODES.items() if word in words), 0)
        assert result.returncode == expected, f"{line}\n{result.stdout}\n{result.stderr}"
    assert (tmp_path / "ops" / "prometheus" / "alerts.yml").exists()
    assert (tmp_path / "slo.yml").exists()
    assert (tmp_path / "alertmanager.yml").exists()
    shutil.rmtree(tmp_path / "own-tiers")


def test_the_table_names_every_alert_with_its_severity() -> None:
    told: dict[str, str] = {}
    for names, severities in re.findall(r"^\| (`[A-Z].*?`) \| ([a-z, ]+) \|", PAGE, re.MULTILINE):
        found, levels = re.findall(r"`(\w+)`", names), severities.split(", ")
        told.update(zip(found, levels if len(levels) > 1 else levels * len(found), strict=True))
    assert told == alerts()


def test_the_example_of_a_budget_is_true() -> None:
    assert f"{14.4 * 0.08:g}" == "1.152"
    assert "above 1.152" in PAGE
