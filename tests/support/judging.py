"""Judge a run that is described by RunOnDisk, through the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Assessment, Question, assess
from reports.loader.directory import load

if TYPE_CHECKING:
    from pathlib import Path

    from reports.analysis.check import Check
    from tests.support.runs import RunOnDisk


def judge(tmp_path: Path, run: RunOnDisk, targets: SloTargets | None = None) -> Assessment:
    """Write the run below `tmp_path`, read it back and judge it."""
    return assess(load(run.write(tmp_path / "run")), Question(targets or SloTargets()))


def check_of(assessment: Assessment, key: str) -> Check:
    """Return one check of an assessment by its key."""
    return next(check for check in (*assessment.slo, *assessment.conduct) if check.key == key)
