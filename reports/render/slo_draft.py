"""The draft of objectives in markdown, and the final document made of an edited draft."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.quantity import NA, show
from reports.render.markdown import bullets, code, document, plain, prose, section, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from reports.analysis.alert_levels import AlertLevel, Trial
    from reports.analysis.recommend import Recommendation
    from reports.analysis.slo_draft import SloDraft

TITLE = "# SLO Draft: "
STATUS = "**Status:** "
DRAFT_STATUS = f"{STATUS}DRAFT, not agreed  "
FORCED = "> **Made with --force from a run that is no basis:"
_PLACEHOLDER = re.compile(r"<(?!!--|https?://)[^<>\n]+>|\b(?:TODO|TBD|FIXME)\b")


def slo_draft(draft: SloDraft, generated: datetime) -> str:
    """Return the draft as markdown; `generated` is when it was made (aware)."""
    return document(
        _head(draft, generated),
        section("Observed", table(("Metric", "Window", "Samples' avg", "Samples' max"), map(_observed, draft.rows),
                                  right=(1, 2, 3))),
        section("Recommended Targets", table(
            ("Metric", "Target", "In force", "Against it", "Rationale"), map(_target, draft.rows)
        )),
        section("Alert Thresholds", _levels(draft.levels, draft.trials)),
        section("Scaling Triggers", _levels(draft.triggers, draft.trigger_trials)),
        section("Notes", bullets(prose(note) for note in draft.notes)),
    )  # fmt: skip


def _head(draft: SloDraft, generated: datetime) -> list[str]:
    run = draft.assessment.run
    asked = run.parameters
    forced = "; ".join(plain(item.text) for item in draft.objections)
    return [
        f"{TITLE}{plain(run.name)}",
        "",
        DRAFT_STATUS,
        f"**Generated (UTC):** {iso_utc(generated)}  ",
        f"**Basis:** {code(run.name)}, verdict {draft.assessment.verdict}, environment "
        f"{plain(asked.environment or NA)} (profile {plain(asked.profile or NA)}), {plain(asked.rate or NA)}  ",
        "**Service:** `<service>`  ",
        "**Owner:** `<owner>`  ",
        "**Approved by:** `<name, date>`  ",
        "**Review on:** `<date>`  ",
        "",
        *([f"{FORCED} {forced}**", ""] if forced else []),
        *(f"> **{plain(banner)}**\n" for banner in draft.assessment.banners),
    ]


def _observed(row: Recommendation) -> tuple[str, ...]:
    seen = row.observed
    return (row.title, *(show(figure, row.unit) for figure in (seen.value, seen.average, seen.highest)))


def _target(row: Recommendation) -> tuple[str, ...]:
    in_force = NA if row.in_force is None else show(row.in_force, row.unit)
    target = "`<decide>`" if row.target is None else row.bound
    return (row.title, target, in_force, row.against, plain(row.rationale))


def _levels(levels: Iterable[AlertLevel], trials: Iterable[Trial]) -> list[str]:
    told = list(levels)
    rows = [(level.title, level.severity, level.bound, plain(level.rationale)) for level in told]
    lines = table(("Metric", "Severity", "Fires when", "Rationale"), rows)
    tried = [
        (trial.level.title, trial.level.severity, trial.source, plain(trial.sentence))
        for trial in trials
        if trial.level in told
    ]
    tested = table(("Tried on this run", "Severity", "Source", "Result"), tried)
    return [*lines, *tested] if lines else ["No figure to derive one from.", ""]


def placeholders(text: str) -> list[tuple[int, str]]:
    """Return what is still to be filled in, with line numbers; the note that explains placeholders is none."""
    return [
        (number, match[0])
        for number, line in enumerate(text.splitlines(), 1)
        for match in _PLACEHOLDER.finditer(line)
        if match[0] != "<…>"
    ]


def final_document(text: str, name: str, at: datetime) -> str:
    """Return the final document of an edited draft; raise ValueError when the text is no draft of ours."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith(TITLE):
        raise ValueError(f"does not begin with “{TITLE.strip()}”")
    status = [at for at, line in enumerate(lines) if line.startswith(STATUS)]
    if len(status) != 1:
        raise ValueError(f"has {len(status)} lines that begin with “{STATUS.strip()}”, one is needed")
    lines[0] = f"# Service Level Objectives: {plain(name)}"
    lines[status[0]] = f"{STATUS}FINAL since {iso_utc(at)}  "
    kept = [line for line in lines if not line.startswith("- Replace every placeholder")]
    return "\n".join(kept).rstrip("\n") + "\n"
