"""What the recorded run must give as draft of objectives and as service levels.

`make golden` writes the expected texts anew; read the difference before you commit it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.slo_draft import draft
from reports.analysis.slo_evidence import Evidence, evidence_of
from reports.analysis.slo_tracking import track
from reports.loader.directory import load
from reports.loader.signals import read_signals
from reports.model.service_level import DEFAULT_LEVELS
from reports.render.slo_draft import slo_draft
from reports.render.slo_tracking import slo_tracking

GOLDEN = Path(__file__).parents[1] / "golden"
RUN = GOLDEN / "demo-baseline"
MADE = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def texts() -> dict[Path, str]:
    """Return the texts by the file that holds what is expected."""
    run, signals = load(RUN), read_signals(RUN)
    evidence = evidence_of(run, signals.probes, "dev")
    assert isinstance(evidence, Evidence)
    return {
        GOLDEN / "demo-baseline-slo-draft.md": slo_draft(draft(assess(run, Question(SloTargets())), signals), MADE),
        GOLDEN / "demo-baseline-slo-tracking.md": slo_tracking(track([evidence], [], DEFAULT_LEVELS), MADE),
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
