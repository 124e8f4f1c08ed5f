"""What counts as seen: alerts that fire and resolve, one that comes back, one that fired before."""

from __future__ import annotations

from loadgen.core.units import NS_PER_S
from loadgen.drill.sightings import Sighting, Sightings


def seen(*looks: set[str], before: frozenset[str] = frozenset(), end_after: int = 2) -> tuple[Sighting, ...]:
    """Return what is found after a look a second; the scenario ends at the second look unless told otherwise."""
    sightings = Sightings(("Crit", "Warn"), 0, before)
    for second, firing in enumerate(looks, 1):
        sightings.note(firing, second * NS_PER_S)
        if second == end_after:
            sightings.end(second * NS_PER_S)
    return sightings.found()


def test_an_alert_fires_after_the_beginning_and_resolves_after_the_end() -> None:
    crit, warn = seen({"Warn"}, {"Warn", "Crit"}, {"Crit"}, set())
    assert crit == Sighting("Crit", True, 2.0, 2.0)
    assert warn == Sighting("Warn", True, 1.0, 1.0)
    assert crit.proven


def test_an_alert_that_never_fires_or_never_resolves_proves_nothing() -> None:
    crit, warn = seen({"Warn"}, {"Warn"}, {"Warn"})
    assert (crit.fired_s, crit.proven) == (None, False)
    assert (warn.resolved_s, warn.proven) == (None, False)


def test_one_that_comes_back_has_not_resolved() -> None:
    assert seen({"Warn"}, set(), {"Warn"})[1] == Sighting("Warn", True, 1.0, None)


def test_one_that_resolves_while_the_scenario_lasts_says_so_by_a_negative_time() -> None:
    assert seen({"Warn"}, set(), set(), end_after=3)[1].resolved_s == -1.0


def test_whatever_else_fires_is_listed_after_what_was_meant_to() -> None:
    found = seen({"Other", "Warn"}, {"Another"})
    assert [(item.alert, item.expected) for item in found] == [
        ("Crit", True), ("Warn", True), ("Another", False), ("Other", False),
    ]  # fmt: skip


def test_what_fired_before_is_not_the_scenarios_doing_until_it_fires_anew() -> None:
    old = frozenset({"Other"})
    assert len(seen({"Other"}, {"Other"}, before=old)) == 2
    assert seen({"Other"}, set(), {"Other"}, before=old)[2] == Sighting("Other", False, 3.0, None)


def test_all_fired_and_all_gone_are_about_what_was_meant_to_fire() -> None:
    sightings = Sightings(("Warn",), 0)
    states = []
    for second, firing in enumerate([set[str](), {"Warn", "Other"}, {"Other"}]):
        sightings.note(firing, second)
        states.append((sightings.all_fired, sightings.all_gone))
    assert states == [(False, True), (True, False), (True, True)]
