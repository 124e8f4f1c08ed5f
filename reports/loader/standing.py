"""How a validation JSON says it ended, and whether its own assertions bear that out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.loader.fields import Fields

PASS, FAIL, NA = "pass", "fail", "na"


def standing_of(fields: Fields) -> str:
    """Return pass, fail or na; a pass that the assertions contradict, or that has none, is na and a complaint."""
    summary = fields.below("summary")
    told = summary.text("overall_status").lower()
    if told not in (PASS, FAIL, NA):
        fields.complaints.append(f"summary.overall_status is {told or 'missing'}; it is one of pass, fail, na")
        return NA
    if told != PASS:
        return told
    statuses = [item.text("status").lower() for item in fields.each("assertions")]
    if not statuses or FAIL in statuses or summary.whole("failed"):
        fields.complaints.append("it says pass, but its assertions do not bear that out")
        return NA
    return PASS
