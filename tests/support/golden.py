"""The golden run: a baseline of the demo service as it was recorded, and the reports that it must give.

`python -m tests.support.golden` writes the expected reports anew; read the difference before you commit it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.partial import summarize
from reports.loader.directory import load
from reports.render.partial import partial_summary
from reports.render.production import production_report

GOLDEN = Path(__file__).parents[1] / "golden"
RUN = GOLDEN / "demo-baseline"
MADE = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def reports() -> dict[Path, str]:
    """Return the golden run's reports by the file that holds what is expected."""
    assessment = assess(load(RUN), Question(SloTargets()))
    summary = partial_summary(summarize(assessment), MADE).replace(str(RUN), "demo-baseline")
    return {
        GOLDEN / "demo-baseline-production-report.md": production_report(assessment, MADE),
        GOLDEN / "demo-baseline-partial-summary.md": summary,
    }


if __name__ == "__main__":
    for path, text in reports().items():
        path.write_text(text, encoding="utf-8")
