"""What a newcomer does first: clone, `make baseline`, then settings for a service of one's own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import clean_environment, service

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, without anything that was made here."""
    path = tmp_path_factory.mktemp("newcomer") / "loadgen"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(path)], check=True, env=_environment())
    return path


def _environment(**more: str) -> dict[str, str]:
    # the coverage of a clone is not the coverage of this tree
    return {name: value for name, value in clean_environment(more).items() if not name.startswith("COV")}


def _make(clone: Path, *arguments: str, timeout_s: float = 400, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=clone, env=_environment(**more), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=timeout_s, check=False,
    )  # fmt: skip


def test_make_baseline_sets_itself_up_and_ends_with_go(clone: Path) -> None:
    done = _make(clone, "baseline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verdict: GO" in done.stdout + done.stderr
    (run,) = (clone / "results").glob("phase5-dev-*")
    metadata = json.loads((run / "metadata.json").read_text())
    assert metadata["load"]["sent"] == metadata["load"]["scheduled"] == 4_000
    assert (run / "production-report.md").exists()


def test_the_template_is_refused_until_it_is_filled_in(clone: Path) -> None:
    steps = ("source .venv/bin/activate", "cp .env.phase5.template .env.phase5 && chmod 600 .env.phase5")
    line = " && ".join((*steps, "loadgen preflight --profile production"))
    done = subprocess.run(
        ["bash", "-c", line], cwd=clone, env=_environment(), capture_output=True, text=True, check=False
    )
    ignored = subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True)
    assert ".env.phase5" not in ignored.stdout
    assert (clone / ".env.phase5").stat().st_mode & 0o777 == 0o600
    assert done.returncode == 2
    assert "nothing was done" in done.stderr
    os.unlink(clone / ".env.phase5")


def test_make_staging_reads_its_own_file_and_guards_the_run(clone: Path) -> None:
    with service("loadgen.demo") as demo:
        (clone / ".env.phase5.staging").write_text(
            f"LOAD_BASE_URL={demo.url}\nMETRICS_URL={demo.url}/metrics/prom\nLOAD_SAMPLES=2\nINTERVAL_SECONDS=5\n"
        )
        done = _make(clone, "staging", "ARGS=--endpoint /api/v2/hello --endpoint /api/data/a --warmup 1s --idle 1s")
    assert "Environment “staging”" in done.stdout + done.stderr, done.stdout + done.stderr
    assert list((clone / "results").glob("phase5-staging-*"))
    assert "loadgen exit" in done.stderr
