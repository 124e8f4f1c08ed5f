"""The checklist of what a dashboard shows after simulations, as Markdown to tick off."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.dashboard.checklist import Simulation
    from reports.model.dashboard import Dashboard


def checklist_text(dashboard: Dashboard, simulations: Sequence[Simulation]) -> str:
    """Return the checklist; simulations against the demo service, one after the other."""
    lines = [
        f"# {dashboard.title}: what it shows after simulations",
        "",
        "Start the stack of `ops/compose`, and a demo service with Redis: `CACHE_IMPL=redis loadgen demo --port 8901`.",
        "Choose the last hour, and let a simulation end before the next.",
        "",
    ]
    for simulation in simulations:
        lines.append(f"- [ ] `{simulation.command}`")
        lines += [f"  - [ ] {line}" for line in _lines(simulation)]
    return "\n".join(lines) + "\n"


def _lines(simulation: Simulation) -> list[str]:
    marks = [
        f"every panel has a red mark `{alert}` from when it fired; Firing alerts lists it until it resolves"
        for alert in simulation.alerts
    ]
    return [*marks, *(f"{sight.panel}: {sight.shows}" for sight in simulation.sights)]
