"""Everything a draft of objectives shows, and whether a run may be its basis at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, worst_exit
from reports.analysis.alert_levels import AlertLevel, Trial, alert_levels, scaling_triggers
from reports.analysis.backtest import back_test
from reports.analysis.check import Status
from reports.analysis.conduct import tripped
from reports.analysis.recommend import Recommendation, recommend

if TYPE_CHECKING:
    from reports.analysis.assessment import Assessment
    from reports.model.signals import Signals

MUCH_VARIATION_PCT = 30.0


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a run is no basis for objectives, and the exit code that says so."""

    text: str
    code: ExitCode


@dataclass(frozen=True, slots=True)
class SloDraft:
    """The draft: its rows, the alert levels and scaling triggers with their trials, and what was objected."""

    assessment: Assessment
    rows: tuple[Recommendation, ...]
    levels: tuple[AlertLevel, ...]
    trials: tuple[Trial, ...]
    triggers: tuple[AlertLevel, ...]
    trigger_trials: tuple[Trial, ...]
    objections: tuple[Objection, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """What refusing this basis ends with; OK without an objection."""
        return worst_exit(objection.code for objection in self.objections)


def draft(assessment: Assessment, signals: Signals, memory_limit_mb: float | None = None) -> SloDraft:
    """Work the draft out from a judged run and its moments."""
    rows = recommend(assessment, memory_limit_mb)
    if memory_limit_mb is None:
        rows = tuple(row for row in rows if row.key != "memory_pct")
    levels, triggers = alert_levels(assessment), scaling_triggers(rows)
    return SloDraft(
        assessment=assessment,
        rows=rows,
        levels=levels,
        trials=back_test(levels, assessment.run, signals),
        triggers=triggers,
        trigger_trials=back_test(triggers, assessment.run, signals),
        objections=objections(assessment),
        notes=tuple(_notes(assessment, rows, levels)),
    )


def objections(assessment: Assessment) -> tuple[Objection, ...]:
    """Return why the run must not become the basis of objectives: cut, partial, invalid, synthetic, another scenario.

    A run that merely misses a target is a basis: what it shows is true.
    """
    run = assessment.run
    found = []
    if tripped(run):
        found.append(Objection("the circuit breaker ended it", ExitCode.BREAKER))
    if run.validity.state == "INVALID":
        reasons = "; ".join(run.validity.reasons) or "no reason on record"
        found.append(Objection(f"the measurement is INVALID: {reasons}", ExitCode.INVALID))
    for check in assessment.conduct:
        told = check.key == "breaker" or (check.key == "validity" and run.validity.state == "INVALID")
        told = told or (check.key == "end" and tripped(run))
        if check.status is Status.NA and not told:
            found.append(Objection(check.sentence, ExitCode.INCOMPLETE))
        elif check.status is Status.FAIL and not told:
            found.append(Objection(check.sentence, ExitCode.NO_GO))
    if run.synthetic:
        found.append(Objection("its data are synthetic", ExitCode.INCOMPLETE))
    if run.parameters.kind == "fallback-scenario":
        found.append(Objection("it is a fallback scenario, in which cache misses count", ExitCode.INCOMPLETE))
    return tuple(found)


def _notes(assessment: Assessment, rows: tuple[Recommendation, ...], levels: tuple[AlertLevel, ...]) -> list[str]:
    notes = [
        "Replace every placeholder `<…>`, then agree on the targets and finalize: "
        "`loadgen report recommend --finalize docs/SLO_v2.5.0.md`.",
    ]
    varying = [
        f"{row.title} ({row.observed.variation_pct:.0f} %)"
        for row in rows
        if row.observed.variation_pct is not None and row.observed.variation_pct > MUCH_VARIATION_PCT
    ]
    if varying:
        notes.append(f"The samples vary by more than 30 %: {', '.join(varying)}. Adjust these targets after more runs.")
    else:
        notes.append("Adjust a target when its samples vary by more than 30 % over 24 hours; in this run none did.")
    notes.append("The error budget of a month is 100 % less the success target.")
    looser = [row.title for row in rows if row.against == "looser"]
    if looser:
        notes.append(
            f"Looser than the target in force: {', '.join(looser)}. The formula only says what this run would allow; "
            "keep the target in force unless there is a reason to give way."
        )
    notes += [
        f"{level.title}, {level.severity}: {level.bound} is above the breaker's {threshold * 100:g} %, "
        "so in a run the breaker acts first."
        for level in levels
        if (threshold := assessment.run.breaker.thresholds.get("error_rate")) is not None
        and level.key == "error"
        and level.threshold > threshold * 100
    ]
    return notes
