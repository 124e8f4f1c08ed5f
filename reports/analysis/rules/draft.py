"""Drafts of rules: what each needs, and how it is written once that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.rules.terms import Terms  # noqa: TC001 - the dataclass is read by its annotations
from reports.model.rule import Group, LeftOut, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule to be written. `needs` are logical metrics and signals, `limits` names of thresholds.

    `hopeless` tells why it could never fire, empty when it can.
    """

    name: str
    needs: tuple[str, ...]
    write: Callable[[Terms], Rule]
    limits: tuple[str, ...] = ()
    hopeless: Callable[[Terms], str] = lambda _: ""

    def lacks(self, terms: Terms) -> str:
        """Return what is missing or in the way, as a sentence; empty when it can be written."""
        metrics = [name for name in self.needs if not terms.facts.has(name)]
        limits = [name for name in self.limits if terms.limits.find(name) is None]
        told = [f"{terms.facts.told_by} has no {' and no '.join(metrics)}"] if metrics else []
        told += [f"{terms.limits.source} has no {' and no '.join(limits)}"] if limits else []
        return "; ".join(told) or self.hopeless(terms)


def write_group(name: str, drafts: Iterable[Draft], terms: Terms) -> tuple[Group, list[LeftOut]]:
    """Return the group of the rules that can be written, and those that cannot."""
    rules: list[Rule] = []
    left_out: list[LeftOut] = []
    for draft in drafts:
        lacks = draft.lacks(terms)
        if lacks:
            left_out.append(LeftOut(draft.name, lacks))
        else:
            rules.append(draft.write(terms))
    return Group(name, tuple(rules)), left_out
