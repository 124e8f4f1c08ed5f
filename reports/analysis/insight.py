"""What a report shows beside the verdict: the course of the run, budgets burnt, anomalies, the conclusion, keepsakes.

Law: nothing here changes a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.anomalies import Anomaly, anomalies
from reports.analysis.bands import Band, bands
from reports.analysis.burn import Burn, burn_rates
from reports.analysis.conclusion import Conclusion, conclude
from reports.analysis.course import course
from reports.analysis.difference import Changes, changes_since
from reports.analysis.health import Health, health_of
from reports.analysis.keepsake import Keepsake, Point, Topic, checklist, completeness, keepsake
from reports.analysis.spectrum import spectrum

if TYPE_CHECKING:
    from loadgen.core.errors import ExitCode
    from loadgen.core.slo import SloTargets
    from reports.analysis.check import Check
    from reports.analysis.coverage import Coverage
    from reports.model.chart import Chart
    from reports.model.client import Endpoint
    from reports.model.previous import Previous
    from reports.model.run import Run
    from reports.model.server import ServerWindow

MOST_ENDPOINTS = 10


@dataclass(frozen=True, slots=True)
class Grounds:
    """What was already found when an insight is made."""

    run: Run
    window: ServerWindow | None
    targets: SloTargets
    exit_code: ExitCode
    verdict: str
    slo: tuple[Check, ...]
    conduct: tuple[Check, ...]
    coverage: Coverage
    budget_target_pct: float
    previous: Previous | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """Everything beside the verdict; `keepsake` is None unless the run is worth one."""

    course: tuple[Chart, ...]
    spectrum: Chart
    burns: tuple[Burn, ...]
    slowest: tuple[Endpoint, ...]
    anomalies: tuple[Anomaly, ...]
    bands: tuple[Band, ...]
    health: Health
    conclusion: Conclusion
    changes: Changes | None
    keepsake: Keepsake | None
    checklist: tuple[Point, ...]
    topics: tuple[Topic, ...]


def look_into(grounds: Grounds) -> Insight:
    """Make all of it."""
    run, window = grounds.run, grounds.window
    found = bands(run, window, grounds.slo, grounds.targets)
    burns = burn_rates(run, window, grounds.budget_target_pct)
    charts, nines = course(run, grounds.targets), spectrum(run.client, window, grounds.targets)
    worth_keeping = grounds.exit_code == 0
    return Insight(
        course=charts,
        spectrum=nines,
        burns=burns,
        slowest=slowest(run),
        anomalies=anomalies(run),
        bands=found,
        health=health_of(found, grounds.slo),
        conclusion=conclude(run, grounds.exit_code, (*grounds.conduct, *grounds.slo), found),
        changes=changes_since(grounds.previous, run, grounds.slo),
        keepsake=keepsake(run, grounds.verdict, grounds.slo) if worth_keeping else None,
        checklist=checklist(run, grounds.slo, grounds.conduct, grounds.coverage),
        topics=_topics(grounds, burns, (charts, nines)),
    )


def slowest(run: Run) -> tuple[Endpoint, ...]:
    """Return the endpoints with the highest p99 first; one without a p99 is left out, and so is a lone one."""
    known = [(p99, item) for item in run.client.endpoints if (p99 := item.percentiles_s.get("p99")) is not None]
    if len(known) < 2:
        return ()
    return tuple(item for _, item in sorted(known, key=lambda pair: (-pair[0], pair[1].name))[:MOST_ENDPOINTS])


def _topics(grounds: Grounds, burns: tuple[Burn, ...], drawings: tuple[tuple[Chart, ...], Chart]) -> tuple[Topic, ...]:
    run, window, client = grounds.run, grounds.window, grounds.run.client
    charts, nines = drawings
    return completeness(
        {
            "Verdict and objectives": (bool(grounds.slo), "there is no objective"),
            "Samples of the service": (any(row.measured for row in run.rows), "metrics.csv has no figures"),
            "The service's own totals": (window is not None, "neither a closing account nor rows"),
            "Client latency": (bool(client.clocks), "latency.hlog has no latencies"),
            "Account of requests": (client.account is not None, "no account was written"),
            "Endpoints": (bool(client.endpoints), "summary.json names none"),
            "Course of the run": (bool(charts), "neither seconds nor rows with times"),
            "Percentile spectrum": (not nines.empty, "there are no response times"),
            "Fallback sources": (bool(window and window.fallback_by_reason), "no fallback was counted by reason"),
            "Burn rate": (any(burn.last is not None for burn in burns), "there are no counts over time"),
            "Circuit breaker": (run.breaker.enabled is not None, "metadata.json does not tell"),
            "Measurement validity": (bool(run.validity.state), "metadata.json does not tell"),
            "Generator host": (bool(run.fingerprint), "metadata.json does not tell"),
        }
    )
