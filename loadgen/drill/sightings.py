"""Which alerts were seen to fire while a scenario played, and to resolve after it. Pure.

Law: an alert that was not seen proves nothing, and one that still fires has not resolved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Sighting:
    """One alert: `fired_s` after the scenario began and `resolved_s` after it ended, None for never.

    One that resolved before the end has a negative `resolved_s`. `expected`: the scenario is meant to fire it.
    """

    alert: str
    expected: bool
    fired_s: float | None
    resolved_s: float | None

    @property
    def proven(self) -> bool:
        return self.fired_s is not None and self.resolved_s is not None

    def as_json(self) -> dict[str, Any]:
        return {
            "alert": self.alert,
            "expected": self.expected,
            "fired_s": self.fired_s,
            "resolved_s": self.resolved_s,
        }


class Sightings:
    """Gathers looks at what fires, for one scenario that began at `began_ns`.

    What fired `before` is none of its own until it has been gone once.
    """

    def __init__(self, expected: Sequence[str], began_ns: int, before: AbstractSet[str] = frozenset()) -> None:
        self._expected = tuple(expected)
        self._began_ns = began_ns
        self._before = before
        self._ended_ns: int | None = None
        self._fired_ns: dict[str, int] = {}
        self._gone_ns: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Sightings fired {sorted(self._fired_ns)}, gone {sorted(self._gone_ns)}>"

    def note(self, firing: AbstractSet[str], at_ns: int) -> None:
        """Take a look: these alerts fire at this moment."""
        self._before = self._before & firing
        for alert in firing - self._before:
            self._fired_ns.setdefault(alert, at_ns)
            self._gone_ns.pop(alert, None)
        for alert in self._fired_ns.keys() - firing:
            self._gone_ns.setdefault(alert, at_ns)

    def end(self, at_ns: int) -> None:
        """Say that the scenario is over."""
        self._ended_ns = at_ns

    @property
    def all_fired(self) -> bool:
        """Whether every alert that is meant to fire has."""
        return self._fired_ns.keys() >= set(self._expected)

    @property
    def all_gone(self) -> bool:
        """Whether every alert that fired, of those meant to, has resolved."""
        return all(alert in self._gone_ns for alert in self._expected if alert in self._fired_ns)

    def found(self) -> tuple[Sighting, ...]:
        """Return the alerts meant to fire in their order, then whatever else fired."""
        others = sorted(self._fired_ns.keys() - set(self._expected))
        return tuple(self._sighting(alert) for alert in (*self._expected, *others))

    def _sighting(self, alert: str) -> Sighting:
        fired_ns, gone_ns, ended_ns = self._fired_ns.get(alert), self._gone_ns.get(alert), self._ended_ns
        return Sighting(
            alert,
            alert in self._expected,
            None if fired_ns is None else _seconds(fired_ns - self._began_ns),
            None if gone_ns is None or ended_ns is None else _seconds(gone_ns - ended_ns),
        )


def _seconds(duration_ns: int) -> float:
    return round(duration_ns / NS_PER_S, 1)
