"""The night of a finished run, told to a real webhook: one summary, and none of its trouble is the night's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.processes import loadgen
from tests.support.webhook import Reply, webhook

GOLDEN = Path(__file__).parents[1] / "golden" / "demo-baseline"
pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.mark.parametrize("status", [200, 403], ids=["delivered", "refused"])
def test_a_night_tells_its_summary_and_ends_the_same_whether_it_arrives(tmp_path: Path, status: int) -> None:
    run = tmp_path / "results" / GOLDEN.name
    shutil.copytree(GOLDEN, run)
    with webhook(Reply(status)) as receiver:
        told = {"ENABLE_ALERTS": "true", "SLACK_WEBHOOK_URL": f"{receiver.url}/services/one"}
        done = loadgen("nightly", "--run", str(run), "--na-policy", "neutral", cwd=tmp_path, env=told)
    assert done.returncode == 0, done.stderr
    (body,) = receiver.bodies
    assert "phase5-dev-20261121-022528" in json.dumps(body)
    assert "nightly: slack: exit 0" in done.stderr
    assert ("warning: not sent" in done.stderr) is (status != 200)
    assert "/services/one" not in done.stdout + done.stderr
    (night,) = (tmp_path / "results" / "nightly").iterdir()
    kept = json.loads(night.read_text())
    assert kept["summary"]["overall_status"] == "pass"
    assert kept["client"]["requests"] == 1_440
