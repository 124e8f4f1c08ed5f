"""A firing and a silent case for every alert of a book, named after what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.burn import TIERS
from reports.analysis.rules.relay_cases import BY_JOB, relay_plays
from reports.analysis.rules.scene import Scene
from reports.analysis.rules.service_cases import service_plays
from reports.analysis.rules.standing_cases import ALONE, burn_plays, standing_plays
from reports.model.rule_case import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.analysis.rules.burn import Tier
    from reports.analysis.rules.terms import Terms
    from reports.model.rule import Alert


def cases(terms: Terms, alerts: Iterable[Alert], tiers: Sequence[Tier] = TIERS) -> Iterator[Case]:
    """Yield the cases of the alerts; those of one file are played at once, told apart by job or by provider.

    There are none where no name of a job can be told from the expression that the rules choose jobs by.
    """
    if not terms.job_name:
        return
    for alert in alerts:
        plays = (
            *service_plays(terms, alert.name),
            *standing_plays(terms, alert.name),
            *burn_plays(terms, alert.name, tiers),
            *relay_plays(terms, alert.name),
        )
        for at, (what, fires, at_min, play) in enumerate(plays):
            told = _told_apart(terms, alert.name, f"{alert.name}-{at}")
            alone = not told or (fires and alert.name in ALONE)
            scene = _scene(terms, told)
            yield Case(alert.name, what, fires, play(scene), at_min, {} if alone else told, alone)


def _told_apart(terms: Terms, alert: str, name: str) -> dict[str, str]:
    """Return the label by which this case is known; none where the rules take all cases as one."""
    if not terms.policy.job:
        return {"job": name}
    relay = terms.facts.has("action_errors")
    return {"provider": name} if relay and alert not in BY_JOB else {}


def _scene(terms: Terms, told: dict[str, str]) -> Scene:
    labels = {"provider": "google", "action": "gmail.send"} if terms.facts.has("action_errors") else {}
    return Scene(terms, **{"job": terms.job_name, **labels, **told})
