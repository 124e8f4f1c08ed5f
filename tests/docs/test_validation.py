"""Every command of docs/VALIDATION.md works as it stands there, in its order."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from reports.loader.thresholds import load_thresholds, parse_thresholds
from reports.model.thresholds import FIGURES
from tests.support.processes import loadgen, service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "VALIDATION.md").read_text()
SHOWN_URL = "http://127.0.0.1:8901"
SHOWN_RUN = "results/phase5-dev-20261121-022528"
QUICK = {"SNAP_SLEEP_SECS": "0", "REDIS_SAMPLES": "10"}
JUDGED = {0, 1, 3}
"""Exit codes of a source that was judged; which of them depends on how busy this machine is."""


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_every_command_judges_its_source(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "golden" / "demo-baseline", tmp_path / SHOWN_RUN)
    commands = shown_commands()
    assert len(commands) == 6
    with service("loadgen.demo") as demo:
        for line in commands[1:]:  # the first is run by tests/end_to_end/test_run_all.py
            words = shlex.split(line.replace(SHOWN_URL, demo.url))
            result = loadgen(*words[1:], cwd=tmp_path, env={**QUICK, "TMPDIR": str(tmp_path)})
            assert result.returncode in JUDGED, f"{line}\n{result.stdout}\n{result.stderr}"
            assert re.search(r"^validation (pass|fail): \d+ passed", result.stdout, re.MULTILINE), line
    assert json.loads((tmp_path / "validation.json").read_text())["configuration"]["na_policy"] == "neutral"
    assert (tmp_path / "validation.md").exists()
    assert (tmp_path / SHOWN_RUN / "validation.json").exists()


def test_the_entry_shown_is_one_of_the_shipped_file() -> None:
    shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    found = parse_thresholds(json.dumps({"thresholds": [json.loads(shown[1])], **_rules()}), "shown").entries[0]
    shipped = load_thresholds().find("snapshot_create_latency_p95")
    assert shipped is not None
    assert (found.threshold, found.labels) == (shipped.threshold, shipped.labels)


def test_every_figure_that_can_be_asserted_is_named() -> None:
    assert [name for name in FIGURES if name not in PAGE] == []


def _rules() -> dict[str, object]:
    return {"validation_rules": {"fallback_taxonomy": {"valid_reasons": ["unknown"]}}}
