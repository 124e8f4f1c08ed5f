"""The operational side of readiness: four points, from the answers of people and from drills that were held.

Law: a "yes" without evidence is no point, and neither is one that a drill has found to be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.drills import contradiction, drills_passed
from reports.analysis.point import Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.drills import Held
    from reports.model.checklist import Answer, Checklist

_DRILLS, _DRILLS_PASSED = 6, 5
ASKED = (
    ("runbooks", "Runbooks complete and tested", "runbook"),
    ("alert_routing", "Alert routing works", "channel"),
    ("dashboards", "Dashboards accessible and fast", "dashboard"),
)
"""What the checklist is asked: key, title, and the criterion of a drill that may contradict it."""


def operational(checklist: Checklist, held: Sequence[Held]) -> tuple[Point, ...]:
    """Return the four points."""
    answers = {"runbooks": checklist.runbooks, "alert_routing": checklist.alert_routing,
               "dashboards": checklist.dashboards}  # fmt: skip
    runbooks, *others = (
        _answered(key, title, answers[key], checklist, contradiction(held, criterion))
        for key, title, criterion in ASKED
    )
    return (runbooks, _drilled(checklist, held), *others)


def _answered(key: str, title: str, answer: Answer, checklist: Checklist, contrary: str) -> Point:
    if answer.yes is None:
        where = f"{checklist.source} does not answer it" if checklist.source else "no checklist was given"
        return Point(key, title, False if contrary else None, f"not answered: {contrary or where}")
    if not answer.yes:
        return Point(key, title, False, f"no{': ' + answer.evidence if answer.evidence else ''}")
    if contrary:
        return Point(key, title, False, f"the checklist says yes, but {contrary}")
    if not answer.evidence:
        return Point(key, title, None, "yes, but without evidence")
    return Point(key, title, True, f"yes: {answer.evidence}")


def _drilled(checklist: Checklist, held: Sequence[Held]) -> Point:
    """Judge by the records of drills where there are any: a checklist does not outvote them."""
    if held:
        earned, reason = drills_passed(held)
        return Point("drills", "Drills passed (at least 5 of 6)", earned, reason)
    return _told(checklist)


def _told(checklist: Checklist) -> Point:
    title = "Drills passed (at least 5 of 6)"
    if not checklist.drills:
        return Point("drills", title, None, "not answered: no drill is on record")
    passed, number = sum(drill.passed for drill in checklist.drills), len(checklist.drills)
    needed = max(_DRILLS, number)
    reason = f"{passed} of {needed} passed" + (f", {needed - number} not on record" if needed > number else "")
    if any(drill.passed and not drill.evidence for drill in checklist.drills):
        return Point("drills", title, None, f"{reason}, but not each with evidence")
    return Point("drills", title, passed * _DRILLS >= _DRILLS_PASSED * needed, reason)
