"""How stages are written on the command line and in a plan file."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings, read_settings
from loadgen.core.setting_readers import read_start
from loadgen.core.shape import Stage
from loadgen.core.stage_setting import parse_stage
from loadgen.core.units import NS_PER_S, Rate, parse_rate

if TYPE_CHECKING:
    from pathlib import Path

PAUSE = Rate(0, 1)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("30s:100", Stage(parse_rate("100"), 30 * NS_PER_S)),
        ("1m30s:0.5", Stage(parse_rate("0.5"), 90 * NS_PER_S)),
        ("30s:20..100", Stage(parse_rate("20"), 30 * NS_PER_S, parse_rate("100"))),
        ("30s:0..1000/m", Stage(PAUSE, 30 * NS_PER_S, parse_rate("1000/m"))),
        ("5s:0", Stage(PAUSE, 5 * NS_PER_S)),
    ],
)
def test_a_stage_is_a_duration_and_a_rate_or_two(text: str, stage: Stage) -> None:
    assert parse_stage(text) == stage


@pytest.mark.parametrize("text", ["30s", "100", "30:100", "30s:", "30s:20..", "30s:..5", "0s:5", "30s:-5", "30s:5-9"])
def test_what_is_no_stage_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write DURATION:RATE or DURATION:FROM\.\.TO, such as 30s:100 or 30s:20"):
        parse_stage(text)


def test_the_start_is_a_share_with_or_without_a_duration() -> None:
    assert read_start("10%") == (Fraction(1, 10), None)
    assert read_start("0.25:30s") == (Fraction(1, 4), 30 * NS_PER_S)
    with pytest.raises(ValueError, match="write a share below 100 %"):
        read_start("100%")


def test_phases_of_a_plan_file_are_stages_and_flags_replace_them(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[[phase]]\nname = "up"\nduration = "10s"\nfrom = 0\nto = 50\n[[phase]]\nduration = "1m"\nrate = "50"\n'
    )

    from_plan = load_settings(None, {}, {}, None, plan)
    from_flags = load_settings(None, {"stage": ("5s:7",)}, {}, None, plan)

    fifty = parse_rate("50")
    assert from_plan.stages == (Stage(PAUSE, 10 * NS_PER_S, fifty, "up"), Stage(fifty, 60 * NS_PER_S))
    assert from_plan.label("stages") == "phase (plan.toml)"
    assert from_flags.stages == (Stage(parse_rate("7"), 5 * NS_PER_S),)


def test_everything_wrong_with_phases_is_said_at_once(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[[phase]]\nrate = 5\nspeed = 1\n[[phase]]\nduration = "1 week"\nrate = 5\nto = 6\n'
        '[[phase]]\nduration = "1s"\nfrom = -1\nto = "fast"\n'
    )

    _, problems = read_settings(None, {}, {}, None, plan)

    assert [str(problem) for problem in problems] == [
        "plan.toml: phase 1.speed: unknown key; a phase has name, duration, rate, from, to",
        "plan.toml: phase 1.duration: missing: write it as 30s or 10m",
        "plan.toml: phase 2.rate: a phase has either rate, or from and to",
        "plan.toml: phase 2.duration = '1 week': not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m; "
        "a bare number has no unit",
        "plan.toml: phase 3.from = '-1': not a rate: write it as 80, 0.5, 50/1s or 1000/m",
        "plan.toml: phase 3.to = 'fast': not a rate: write it as 80, 0.5, 50/1s or 1000/m",
    ]


def test_stages_of_nothing_but_pauses_are_refused() -> None:
    _, problems = read_settings(None, {"stage": ("1s:0", "2s:0..0")}, {})

    assert [str(problem) for problem in problems] == ["--stage: every rate is 0: nothing would be sent"]
