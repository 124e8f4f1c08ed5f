"""The objectives in the form that Sloth reads (`prometheus/v1`), one document for each profile.

Law: an alert that could never fire is switched off, since Sloth would make it; its windows are Sloth's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.analysis.rules.burn import OBJECTIVES, TIERS, impossible
from reports.model.rule import Severity
from reports.render.rules_yaml import HEADER, to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.analysis.rules.burn import Objective
    from reports.analysis.rules.terms import Terms

_WINDOW = "{{.window}}"


def sloth_yaml(profiles: Iterable[Terms], runbook_base: str) -> str:
    """Return the objectives of each profile that has some."""
    documents = [_document(terms, runbook_base) for terms in profiles]
    return HEADER + "---\n".join(to_yaml(document) for document in documents if document["slos"])


def _document(terms: Terms, runbook_base: str) -> dict[str, Any]:
    return {
        "version": "prometheus/v1",
        "service": terms.facts.name,
        "slos": [_slo(objective, terms, runbook_base) for objective in OBJECTIVES if not objective.lacks(terms)],
    }


def _slo(objective: Objective, terms: Terms, runbook_base: str) -> dict[str, Any]:
    return {
        "name": objective.slo,
        "objective": round(100 * (1 - objective.budget(terms)), 6),
        "description": f"Of {objective.what(terms)}.",
        "sli": {
            "events": {
                "error_query": objective.bad(terms, _WINDOW),
                "total_query": objective.all(terms, _WINDOW, "rate"),
            }
        },
        "alerting": {
            "name": objective.alert,
            "labels": {"family": objective.family.value},
            "annotations": {"runbook_url": f"{runbook_base.rstrip('/')}/{objective.runbook}.md"},
            "page_alert": _alert(objective, terms, Severity.CRITICAL),
            "ticket_alert": _alert(objective, terms, Severity.WARNING),
        },
    }


def _alert(objective: Objective, terms: Terms, severity: Severity) -> dict[str, Any]:
    budget = objective.budget(terms)
    if all(impossible(tier, budget) for tier in TIERS if tier.severity is severity):
        return {"disable": True}
    return {"labels": {"severity": severity.value}}
