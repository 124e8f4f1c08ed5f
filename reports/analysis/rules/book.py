"""Every rule of one profile, in groups, with what had to be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.burn import OBJECTIVES, TIERS, burn_alerts, burn_recordings, can_fire
from reports.analysis.rules.draft import write_group
from reports.analysis.rules.instances import instances
from reports.analysis.rules.recording import age_buckets, recordings
from reports.analysis.rules.relay import SYNTHETIC_JOB, relay_alerts, relay_recordings
from reports.analysis.rules.service_alerts import service_alerts
from reports.analysis.rules.standing_alerts import standing_alerts
from reports.model.rule import Group, LeftOut, RuleBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.analysis.rules.burn import Tier
    from reports.analysis.rules.draft import Draft
    from reports.analysis.rules.terms import Terms


def is_relay(terms: Terms) -> bool:
    """Say whether a profile describes an action relay, which has rules of its own."""
    return terms.facts.has("action_errors")


def rule_book(terms: Terms, tiers: Sequence[Tier] = TIERS) -> RuleBook:
    """Return the rules of one profile."""
    return _relay_book(terms) if is_relay(terms) else _service_book(terms, tiers)


def merge(books: Iterable[RuleBook]) -> RuleBook:
    """Return the rules of several profiles as one book."""
    found = tuple(books)
    return RuleBook(
        tuple(group for book in found for group in book.recording),
        tuple(group for book in found for group in book.alerting),
        tuple(item for book in found for item in book.left_out),
    )


def refusals(terms: Terms, tiers: Sequence[Tier]) -> list[LeftOut]:
    """Return the tiers that could never fire, each with its arithmetic."""
    return [item for objective in OBJECTIVES for item in can_fire(objective, tiers, terms)[1]]


class _Book:
    """Groups as they are written, empty ones passed over."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.recording: list[Group] = []
        self.alerting: list[Group] = []
        self.left_out: list[LeftOut] = []

    def record(self, name: str, drafts: Iterable[Draft]) -> None:
        self._add(self.recording, name, drafts)

    def alert(self, name: str, drafts: Iterable[Draft]) -> None:
        self._add(self.alerting, name, drafts)

    def _add(self, groups: list[Group], name: str, drafts: Iterable[Draft]) -> None:
        group, left_out = write_group(name, drafts, self._terms)
        self.left_out += left_out
        if group.rules:
            groups.append(group)

    def done(self) -> RuleBook:
        return RuleBook(tuple(self.recording), tuple(self.alerting), tuple(self.left_out))


def _service_book(terms: Terms, tiers: Sequence[Tier]) -> RuleBook:
    book, prefix = _Book(terms), terms.prefix
    book.record("phase5_recording", [*recordings(prefix), *age_buckets(prefix), *instances(terms)])
    book.alert("phase5-slo", service_alerts(prefix))
    book.alert("phase5-standing", standing_alerts(prefix))
    for objective in OBJECTIVES:
        possible, left_out = can_fire(objective, tiers, terms)
        book.left_out += left_out
        book.record(f"phase5_{objective.slo}_burn", burn_recordings(objective, possible, terms))
        book.alert(f"phase5-{objective.slo}-burn", burn_alerts(objective, possible))
    return book.done()


def _relay_book(terms: Terms) -> RuleBook:
    book = _Book(terms)
    book.record("relay_recording", relay_recordings())
    book.alert("relay", relay_alerts(synthetic=terms.policy.job == SYNTHETIC_JOB))
    return book.done()
