"""Objectives have one name, one unit and one default everywhere."""

from __future__ import annotations

import math

import pytest

from loadgen.core.slo import OBJECTIVES, Bound, SloTargets, Unit, parse_target


def test_the_defaults_are_those_of_the_checklist() -> None:
    assert SloTargets().to_mapping() == {
        "success_pct": 98.0,
        "p95_s": 0.150,
        "p99_s": 0.250,
        "raw_fallback_pct": 10.0,
        "effective_fallback_pct": 5.0,
        "error_pct": 1.0,
        "cpu_pct": 30.0,
        "rss_mb": 500.0,
        "cache_hit_pct": 80.0,
        "plugin_reload_pct": 95.0,
        "snapshot_pct": 99.0,
    }


def test_every_objective_has_a_target_and_every_target_an_objective() -> None:
    assert [item.name for item in OBJECTIVES] == list(SloTargets().to_mapping())


def test_targets_survive_the_way_through_metadata() -> None:
    targets = SloTargets(p95_s=0.2, rss_mb=750.0)
    assert SloTargets.from_mapping(targets.to_mapping()) == targets
    assert SloTargets.from_mapping(dict(targets.to_pairs())) == targets


def test_what_metadata_lacks_has_its_default() -> None:
    assert SloTargets.from_mapping({"p99_s": 1}) == SloTargets(p99_s=1.0)


def test_unknown_objectives_are_named() -> None:
    with pytest.raises(ValueError, match=r"^unknown objectives: p50_s, p95$"):
        SloTargets.from_mapping({"p95": 1, "p50_s": 2, "p99_s": 3})


@pytest.mark.parametrize("value", ["0.2", None, True, math.nan, math.inf])
def test_a_target_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^p95_s: not a number$"):
        SloTargets.from_mapping({"p95_s": value})


@pytest.mark.parametrize(
    ("unit", "text", "factor", "expected"),
    [
        (Unit.SECONDS, "150", 0.001, 0.150),
        (Unit.SECONDS, "0.150", 1.0, 0.150),
        (Unit.SECONDS, "150ms", 0.001, 0.150),
        (Unit.SECONDS, "1.5s", 1.0, 1.5),
        (Unit.PERCENT, "98", 1.0, 98.0),
        (Unit.PERCENT, "98 %", 1.0, 98.0),
        (Unit.PERCENT, "0", 1.0, 0.0),
        (Unit.MEGABYTES, " 512.5 ", 1.0, 512.5),
    ],
)
def test_a_target_is_read_in_its_unit(unit: Unit, text: str, factor: float, expected: float) -> None:
    assert parse_target(unit, text, factor) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("unit", "text", "message"),
    [
        (Unit.SECONDS, "0", "must be greater than 0"),
        (Unit.SECONDS, "-1", "must be greater than 0"),
        (Unit.MEGABYTES, "nan", "must be greater than 0"),
        (Unit.MEGABYTES, "1_0", "not a number"),
        (Unit.MEGABYTES, "lots", "not a number"),
        (Unit.SECONDS, "soon", "not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m; a bare number has no unit"),
        (Unit.PERCENT, "101", "a percentage is between 0 and 100"),
        (Unit.PERCENT, "-1", "a percentage is between 0 and 100"),
        (Unit.PERCENT, "nan", "a percentage is between 0 and 100"),
    ],
)
def test_a_bad_target_says_what_is_accepted(unit: Unit, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        parse_target(unit, text)


def test_the_target_itself_passes_and_no_number_never_does() -> None:
    success, p95 = OBJECTIVES[0], OBJECTIVES[1]
    assert (success.bound, p95.bound) == (Bound.AT_LEAST, Bound.AT_MOST)
    assert success.met_by(98.0, 98.0)
    assert not success.met_by(97.999, 98.0)
    assert p95.met_by(0.150, 0.150)
    assert not p95.met_by(0.1501, 0.150)
    assert not success.met_by(math.nan, 98.0)
    assert not p95.met_by(math.nan, 0.150)
