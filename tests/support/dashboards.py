"""The queries of the shipped dashboard, with Grafana's variables put in as a reader would have them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reports.analysis.dashboard.assemble import Wish, assemble
from reports.loader.thresholds import load_thresholds
from tests.support.rule_terms import facts

if TYPE_CHECKING:
    from reports.model.dashboard import Dashboard

SHIPPED = Path(__file__).parents[2] / "ops" / "grafana" / "dashboards" / "phase5.json"


@dataclass(frozen=True)
class Asked:
    """One query of one panel; `instant` asks for the newest value only."""

    panel: str
    reference: str
    expr: str
    instant: bool


def queries(*, window: str, path: Path = SHIPPED) -> list[Asked]:
    """Return every query for all jobs, `window` in place of `$__rate_interval`."""
    found = []
    for panel in json.loads(path.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", window).replace("$job", ".*")
            found.append(Asked(panel["title"], target["refId"], expr, target["instant"]))
    return found


def expressions(*, window: str) -> list[str]:
    """Return the text of every query."""
    return [asked.expr for asked in queries(window=window)]


def made(profile: str) -> Dashboard:
    """Return the dashboard that is generated now for a profile and the bundled thresholds."""
    return assemble(facts(profile), load_thresholds(), Wish())[0]
