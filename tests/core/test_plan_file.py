"""Plan files with scenarios: what they take over, what they replace, and everything wrong at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import Settings, load_settings, read_settings
from loadgen.core.shape import Stage
from loadgen.core.units import NS_PER_S, parse_rate
from loadgen.plan.load import build_plan
from loadgen.plan.model import Kind
from loadgen.plan.validate import check

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """
base_url = "http://127.0.0.1:9/"
rate = 50
duration = "1m"
concurrency = 10

[[target]]
url = "/a"

[scenario.slow]
rate = 5

[scenario.closed]
closed = true
think_time = "1s"

[scenario.random]
arrival = "poisson"
seed = 7

[scenario.ramp]
[[scenario.ramp.phase]]
duration = "10s"
from = 0
to = 50
[[scenario.ramp.phase]]
duration = "20s"
rate = 50
[[scenario.ramp.target]]
url = "/b"
[scenario.ramp.warmup]
duration = "3s"

[scenario.hundred]
requests = 100

[scenario.spike]
shape = "spike"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def scenario(plan: Path, name: str | None) -> Settings:
    settings = load_settings(None, {}, {}, None, plan, name)
    assert check(settings, Kind.RUN) == []
    return settings


def test_without_a_scenario_the_top_level_holds(plan: Path) -> None:
    settings = scenario(plan, None)

    assert (settings.rate, settings.duration_ns, settings.scenario) == (parse_rate("50"), 60 * NS_PER_S, "")
    assert [endpoint.place for endpoint in settings.endpoints] == ["/a"]


def test_a_scenario_changes_what_it_names_and_takes_over_the_rest(plan: Path) -> None:
    slow, closed, random = (scenario(plan, name) for name in ("slow", "closed", "random"))

    assert (slow.rate, slow.duration_ns, slow.concurrency) == (parse_rate("5"), 60 * NS_PER_S, 10)
    assert (closed.closed, closed.think_time_ns, closed.duration_ns) == (True, NS_PER_S, 60 * NS_PER_S)
    assert (random.arrival, random.seed, random.rate) == ("poisson", 7, parse_rate("50"))


def test_phases_and_targets_of_a_scenario_replace_those_of_the_top_level(plan: Path) -> None:
    settings = scenario(plan, "ramp")

    assert [stage.duration_ns for stage in settings.stages] == [10 * NS_PER_S, 20 * NS_PER_S]
    assert settings.stages[1] == Stage(parse_rate("50"), 20 * NS_PER_S)
    assert [endpoint.place for endpoint in settings.endpoints] == ["/b"]
    assert settings.warmup_ns == 3 * NS_PER_S
    assert build_plan(settings, Kind.RUN).scenario == "ramp"


def test_a_number_of_requests_or_a_shape_leaves_what_says_the_same_behind(plan: Path) -> None:
    assert build_plan(scenario(plan, "hundred"), Kind.RUN).load.stages == (Stage(parse_rate("50"), 2 * NS_PER_S),)
    spike = build_plan(scenario(plan, "spike"), Kind.RUN).load.stages
    assert sum(stage.duration_ns for stage in spike) == 60 * NS_PER_S


def test_a_scenario_that_is_not_there_is_refused_with_those_that_are(plan: Path) -> None:
    _, problems = read_settings(None, {}, {}, None, plan, "fast")
    assert [str(problem) for problem in problems] == [
        "--scenario = 'fast': plan.toml has no scenario of this name: it has slow, closed, random, ramp, hundred, spike"
    ]
    _, problems = read_settings(None, {}, {}, None, None, "fast")
    assert [str(problem) for problem in problems] == [
        "--scenario = 'fast': scenarios stand in a plan file: give --plan FILE"
    ]


def test_everything_wrong_is_said_at_once_also_in_scenarios_that_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        "rat = 5\nconcurrency = 0\n[scenario.a]\nclosd = true\nrate = 'fast'\nkey = '/not/there'\n"
        "[[scenario.a.phase]]\nrate = 5\n[[scenario.a.target]]\nmethod = 'BREW'\n[scenario.b]\nphase = 3\n"
        "warmup.duration = -1\nbase_url = '<url>'\n"
    )

    _, problems = read_settings(None, {}, {}, None, path, "b")

    assert sorted(str(problem) for problem in problems) == sorted(
        [
            "rat (plan.toml): unknown key; did you mean rate?",
            "concurrency (plan.toml) = '0': write a whole number from 1 to 100,000",
            "scenario.a.closd (plan.toml): unknown key; did you mean closed?",
            "scenario.a.rate (plan.toml) = 'fast': not a rate: write it as 80, 0.5, 50/1s or 1000/m",
            "plan.toml: scenario.a: phase 1.duration: missing: write it as 30s or 10m",
            "plan.toml: scenario.a: target 1.url: missing: give a path below the base URL or a whole URL",
            "plan.toml: scenario.a: target 1.method = 'BREW': not a method: write one of GET, HEAD, POST, PUT, PATCH, "
            "DELETE, OPTIONS",
            "scenario.b.phase (plan.toml): write it as [[scenario.b.phase]] tables",
            "warmup.duration (plan.toml) = '-1': a duration cannot be negative",
            "base_url (plan.toml) = '<url>': still a placeholder: put the real value in its place",
        ]
    )


def test_scenarios_that_are_no_tables_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("scenario = 3\n")

    _, problems = read_settings(None, {}, {}, None, path)

    assert [str(problem) for problem in problems] == ["scenario (plan.toml): write scenarios as [scenario.NAME] tables"]
