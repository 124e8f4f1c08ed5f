"""The golden runs: runs against the demo service as they were recorded, and the reports that they must give.

`demo-baseline` is healthy, `demo-tripped` was ended by the circuit breaker, and in `demo-wounded` the metrics failed
for one sample, the service restarted and then froze. `make golden` writes the expected reports anew; read the
difference before you commit it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Assessment, Question, assess
from reports.analysis.partial import summarize
from reports.loader.directory import load
from reports.render.partial import partial_summary
from reports.render.production import production_report
from reports.render.production_page import production_page
from reports.web.assets import load_assets

GOLDEN = Path(__file__).parents[1] / "golden"
RUN = GOLDEN / "demo-baseline"
RUNS = (RUN, GOLDEN / "demo-tripped", GOLDEN / "demo-wounded")
MADE = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def judged(run: Path) -> Assessment:
    """Judge a golden run against the usual targets."""
    return assess(load(run), Question(SloTargets()))


def whole_page(run: Path) -> str:
    """Return a golden run's page as a user gets it."""
    return production_page(judged(run), MADE, str)


def reports(run: Path) -> dict[Path, str]:
    """Return a golden run's reports by the file that holds what is expected."""
    assessment = judged(run)
    return {
        GOLDEN / f"{run.name}-production-report.md": production_report(assessment, MADE),
        GOLDEN / f"{run.name}-report.html": _own_part(production_page(assessment, MADE, str)),
        GOLDEN / f"{run.name}-partial-summary.md": partial_summary(summarize(assessment), MADE).replace(
            str(run), run.name
        ),
    }


def _own_part(page: str) -> str:
    """Return a page without its style, scripts and their policy: they are files of their own, one of them not ours."""
    assets = load_assets()
    for text in (assets.policy(scripts=True), assets.style, assets.library, assets.script):
        page = page.replace(text, "", 1)
    return page


if __name__ == "__main__":
    for run in RUNS:
        for path, text in reports(run).items():
            path.write_text(text, encoding="utf-8")
