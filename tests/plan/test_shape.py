"""From settings to the stages of the main load, and what excludes each other."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as checks
from hypothesis import strategies as st

from loadgen.core.config import Settings, read_settings
from loadgen.core.shape import SHAPES, Arrival, Closed, Stage
from loadgen.core.units import NS_PER_S, Rate, parse_rate
from loadgen.pace.schedule import Profile, Schedule
from loadgen.pace.stage import pieces_of
from loadgen.plan.load import build_plan
from loadgen.plan.model import Kind
from loadgen.plan.profiles import PROFILES, expand
from loadgen.plan.shape import stages_of
from loadgen.plan.validate import check

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:9/"


def settings_of(**flags: object) -> Settings:
    settings, problems = read_settings(None, {"base_url": HERE, **flags}, {})
    assert problems == []
    return settings


def problems_of(kind: Kind = Kind.RUN, /, profile: str | None = None, **flags: Any) -> list[str]:
    settings, problems = read_settings(profile, {"base_url": HERE, **flags}, {"ALLOWED_HOSTS": "127.0.0.1"})
    return [str(problem) for problem in (*problems, *check(settings, kind))]


def stages(**flags: object) -> tuple[Stage, ...]:
    return stages_of(settings_of(**flags), Kind.RUN)


def total(made: tuple[Stage, ...]) -> int:
    return Schedule(pieces_of(made)).total


def test_without_a_shape_there_is_one_stage() -> None:
    assert stages(rate="5", duration="10s") == (Stage(parse_rate("5"), 10 * NS_PER_S),)


def test_a_number_of_requests_lasts_as_long_as_it_takes_at_the_rate() -> None:
    assert stages(rate="3", requests="100") == (Stage(parse_rate("3"), 33_333_333_334),)


@pytest.mark.parametrize(
    ("flags", "label"),
    [
        ({"rate": "0.1", "duration": "9s"}, "--rate"),
        ({"rate": "10", "duration": "1ms", "arrival": "poisson"}, "--rate"),
        ({"rate": "1", "duration": "1s", "start_at": "10%:1s"}, "--rate"),
        ({"rate": "1", "duration": "1900ms", "shape": "ramp"}, "--rate"),
        ({"stage": ["1s:0..1.9"]}, "--stage"),
    ],
)
def test_a_load_of_no_request_at_all_is_refused(flags: dict[str, Any], label: str) -> None:
    remedy = "comes to less than one request in the whole time: raise the rate or make it longer"
    assert problems_of(**flags) == [f"{label}: {remedy}"]


def test_a_load_of_one_request_is_none_too_small() -> None:
    assert problems_of(rate="0.1", duration="10s") == []
    assert problems_of(stage=["1s:0", "1s:0..2"]) == []


def test_starting_at_a_share_is_a_ramp_inside_the_duration() -> None:
    ten = parse_rate("10")
    assert stages(rate="10", duration="100s", start_at="10%") == (
        Stage(parse_rate("1"), 10 * NS_PER_S, ten),
        Stage(ten, 90 * NS_PER_S),
    )
    assert stages(rate="10", duration="4s", start_at="50%:4s") == (Stage(parse_rate("5"), 4 * NS_PER_S, ten),)


@checks(deadline=None)
@given(st.integers(1, 5_000), st.integers(1, 2_000), st.integers(1, 99))
def test_so_many_requests_are_exact_even_when_they_start_at_a_share(requests: int, rate: int, percent: int) -> None:
    flags = {"rate": str(rate), "requests": str(requests)}

    assert total(stages(**flags)) == requests
    assert total(stages(**flags, start_at=f"{percent}%")) == requests


def test_a_spike_is_two_tenths_then_the_whole_rate_for_a_tenth_of_the_time() -> None:
    low, high = parse_rate("20"), parse_rate("100")
    assert stages(shape="spike", rate="100", duration="100s") == (
        Stage(low, 40 * NS_PER_S),
        Stage(low, 5 * NS_PER_S, high),
        Stage(high, 10 * NS_PER_S),
        Stage(high, 5 * NS_PER_S, low),
        Stage(low, 40 * NS_PER_S),
    )


def test_steps_a_ramp_and_a_rollout_have_the_area_of_their_shares() -> None:
    assert [stage.rate.per_s for stage in stages(shape="step", rate="100", duration="10s")] == [20, 40, 60, 80, 100]
    assert total(stages(shape="step", rate="100", duration="10s")) == 600
    assert total(stages(shape="ramp", rate="100", duration="10s")) == 500
    assert total(stages(shape="rollout", rate="100", duration="30s")) == 100 + 500 + 1_000


@checks(deadline=None)
@given(st.sampled_from(SHAPES), st.integers(1, 10**6), st.integers(1, 10**13))
def test_a_profile_lasts_exactly_its_duration_and_never_exceeds_its_rate(name: str, rate: int, length: int) -> None:
    made = expand(PROFILES[name], Rate(rate, NS_PER_S), length)

    assert sum(stage.duration_ns for stage in made) == length
    assert max(stage.peak.per_s for stage in made) == rate
    assert floor(Profile(pieces_of(made)).integral(length)) <= rate * length


def test_every_profile_has_its_steps() -> None:
    assert tuple(PROFILES) == SHAPES
    assert all(sum(share for share, _, _ in steps) == 1 for steps in PROFILES.values())


def test_what_says_the_same_thing_twice_is_refused() -> None:
    why = "stages have rates and durations of their own"
    assert problems_of(stage=("1s:5",), rate="5", duration="3s", shape="ramp", requests="7", start_at="10%") == [
        f"--rate: give either --rate or --stage: {why}",
        f"--duration: give either --duration or --stage: {why}",
        f"--shape: give either --shape or --stage: {why}",
        f"--requests: give either --requests or --stage: {why}",
        "--requests: give either --requests or --shape: a shape says itself how the rate changes over the duration",
        "--start-at: give either --start-at or --shape: a shape says itself how the rate changes over the duration",
        "--duration: give either --duration or --requests: the number of requests and the rate say how long it takes",
    ]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"stage": ("1s:5..9",), "start_at": "10%"}, "the first stage must have a constant rate above 0"),
        ({"stage": ("1s:0", "1s:5"), "start_at": "10%"}, "the first stage must have a constant rate above 0"),
        ({"duration": "5s", "start_at": "10%:6s"}, "the ramp must fit into the first stage of 5s"),
    ],
)
def test_a_start_needs_a_constant_first_stage_that_is_long_enough(flags: dict[str, Any], problem: str) -> None:
    assert problems_of(**flags) == [f"--start-at: {problem}"]


def test_a_baseline_keeps_its_samples_and_takes_shapes_only() -> None:
    assert problems_of(Kind.BASELINE, stage=("1s:5",)) == [
        "--stage: baseline lasts samples × interval at its rate: only `loadgen run` takes this"
    ]
    made = build_plan(settings_of(shape="ramp", rate="10", samples="2", interval="10s"), Kind.BASELINE).load.stages
    assert made == (Stage(Rate(0, 1), 20 * NS_PER_S, parse_rate("10")),)


def test_a_closed_load_has_a_duration_and_no_rate() -> None:
    load = build_plan(settings_of(closed=True, think_time="200ms", duration="5s", concurrency="9"), Kind.RUN).load

    assert (load.stages, load.closed) == ((Stage(Rate(0, 1), 5 * NS_PER_S),), Closed(200_000_000))
    assert (load.concurrency, load.workers) == (9, 1)
    assert build_plan(settings_of(closed=True), Kind.RUN).load.stages[0].duration_ns == 120 * NS_PER_S
    assert stages(closed=True, requests="5") == (Stage(Rate(0, 1), 3_600 * NS_PER_S),)
    assert stages(closed=True, requests="5", duration="7s") == (Stage(Rate(0, 1), 7 * NS_PER_S),)


def test_a_closed_load_and_a_rate_exclude_each_other() -> None:
    why = "a closed load has no rate: its answers set the pace"
    assert problems_of(closed=True, rate="5", shape="ramp", arrival="poisson", start_at="10%") == [
        "--start-at: give either --start-at or --shape: a shape says itself how the rate changes over the duration",
        f"--rate: give either --rate or --closed: {why}",
        f"--shape: give either --shape or --closed: {why}",
        f"--arrival: give either --arrival or --closed: {why}",
        f"--start-at: give either --start-at or --closed: {why}",
    ]
    assert problems_of(think_time="1s") == ["--think-time: only a closed load has slots that rest: add --closed"]
    assert problems_of(profile="production", closed=True) == [
        "--closed: production needs a rate, which a closed load does not have"
    ]


def test_random_arrivals_are_those_of_the_plan() -> None:
    assert build_plan(settings_of(arrival="poisson", seed="7"), Kind.RUN).load.arrival is Arrival.POISSON
    assert build_plan(settings_of(arrival="poisson", samples="2"), Kind.BASELINE).load.arrival is Arrival.POISSON


def test_stages_of_a_flag_replace_the_plain_rate_of_a_plan_file(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("rate = 5\nduration = '3s'\n")

    settings, problems = read_settings(None, {"base_url": HERE, "stage": ("1s:7",)}, {}, None, plan)

    assert (problems, check(settings, Kind.RUN)) == ([], [])
    assert stages_of(settings, Kind.RUN) == (Stage(parse_rate("7"), NS_PER_S),)


def test_the_highest_stage_must_keep_to_the_rate_that_production_allows() -> None:
    assert problems_of(profile="production", stage=("1s:5", "1s:80..500")) == [
        "--stage = '500/s': production allows at most 160/s (MAX_RATE, or 2 × LOAD_RATE): lower it or raise MAX_RATE"
    ]
