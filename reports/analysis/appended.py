"""A section about one run inside a longer document: added once, replaced when the run is judged anew.

Laws: pure; what others wrote in the document stays as it is to the byte; the same report appended twice changes
nothing, not even the time it was appended.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.errors import LoadgenError
from reports.analysis.check import Status
from reports.analysis.coverage import in_production

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment

EMPTY_DOCUMENT = "# Phase 5 Completion Report\n"

_GENERATED = re.compile(r"^\*\*Generated \(UTC\):\*\*.*$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,4}) ", re.MULTILINE)
_SAFE_ID = re.compile(r"[^\w.-]+")


class Change(Enum):
    """What an append did to the document."""

    ADDED = "appended"
    REPLACED = "replaced, because its report changed"
    UNCHANGED = "already there, nothing changed"


@dataclass(frozen=True, slots=True)
class Section:
    """One run's section: `title` is its heading, `checklist` are (done, text) items, `report` is markdown.

    `run_id` tells it from the others; a validation's is its own, so that it stands beside the report of its run.
    """

    run_id: str
    title: str
    checklist: tuple[tuple[bool, str], ...]
    report: str


class MarkerError(LoadgenError):
    """The document's markers of a section do not fit together."""


def section_of(assessment: Assessment, report: str) -> Section:
    """Return the section of a judged run around its report."""
    run = assessment.run
    real = in_production(run) and bool(run.parameters.profile) and not run.synthetic
    environment = run.parameters.environment or run.parameters.profile or "unknown environment"
    title = "Production Baseline (Real Data)" if real else f"Run in “{environment}” (Not a Production Baseline)"
    return Section(run.name, title, _checklist(assessment, real=real), report)


def section_of_file(run_id: str, report: str) -> Section:
    """Return the section around a report whose run is not at hand: every item is left open."""
    items = ("Run directory at hand", *(text for text in _ITEMS.values()))
    return Section(run_id, "Report (Run Directory Not Checked)", tuple((False, text) for text in items[:6]), report)


def section_of_validation(run_id: str, text: str) -> Section:
    """Return the section around a validation's text."""
    return Section(f"validation-{run_id}", "Run Artifact", (), text)


_ITEMS = {
    "verdict": "Verdict GO",
    "coverage": "Enough samples over enough time",
    "mandatory": "Every mandatory metric has data",
    "breaker": "Circuit breaker armed and never tripped",
    "validity": "Measurement VALID",
    "real": "Real data of production",
}


def _checklist(assessment: Assessment, *, real: bool) -> tuple[tuple[bool, str], ...]:
    conduct = {check.key: check for check in assessment.conduct}
    done = {
        "verdict": assessment.exit_code == 0,
        "coverage": conduct["coverage"].status is Status.PASS,
        "mandatory": not assessment.missing,
        "breaker": conduct["breaker"].status is Status.PASS,
        "validity": conduct["validity"].status is Status.PASS,
        "real": real,
    }
    told = {"coverage": f"{_ITEMS['coverage']}: {conduct['coverage'].reason}"}
    if not done["verdict"]:
        told["verdict"] = f"{_ITEMS['verdict']} (it is {assessment.verdict})"
    return tuple((done[key], told.get(key, text)) for key, text in _ITEMS.items())


def appended(document: str, section: Section, at: datetime) -> tuple[str, Change]:
    """Return the document with the section in it, and what that changed.

    Raises MarkerError when a section of this run begins without ending, or twice.
    """
    run_id = _SAFE_ID.sub("-", section.run_id)
    begins = [*re.finditer(rf"^<!-- loadgen run {re.escape(run_id)} ([0-9a-f]{{16}}) -->\r?\n", document, re.MULTILINE)]
    end = f"<!-- loadgen end {run_id} -->\n"
    if not begins:
        separator = "" if not document or document.endswith("\n\n") else "\n" if document.endswith("\n") else "\n\n"
        return document + separator + _text(section, run_id, at), Change.ADDED
    stop = document.find(end.rstrip("\n"), begins[0].end())
    if len(begins) > 1 or stop < 0:
        what = "begins more than once" if len(begins) > 1 else f"has no end ({end.strip()})"
        raise MarkerError(f"the section of {run_id} {what}: mend or remove its markers in the document")
    if begins[0][1] == _digest(section):
        return document, Change.UNCHANGED
    after = stop + len(end.rstrip("\n"))
    return document[: begins[0].start()] + _text(section, run_id, at).rstrip("\n") + document[after:], Change.REPLACED


def _text(section: Section, run_id: str, at: datetime) -> str:
    boxes = "".join(f"- [{'x' if done else ' '}] {text}\n" for done, text in section.checklist)
    boxes += "\n" if boxes else ""
    body = _HEADING.sub(r"##\1 ", section.report.rstrip("\n"))
    return (
        f"<!-- loadgen run {run_id} {_digest(section)} -->\n## {section.title} – Appended {iso_utc(at)}\n\n"
        f"Run: `{run_id}`\n\n{boxes}{body}\n\n<!-- loadgen end {run_id} -->\n"
    )


def _digest(section: Section) -> str:
    """Return what tells one content from another: all of it but the time the report was made."""
    content = "\n".join([section.title, *(f"{done} {text}" for done, text in section.checklist), section.report])
    return hashlib.sha256(_GENERATED.sub("", content).encode()).hexdigest()[:16]
