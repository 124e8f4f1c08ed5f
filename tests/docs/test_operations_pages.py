"""The drills, the quick reference and the decisions say what the code says."""

from __future__ import annotations

import re

import pytest

from loadgen.core.drill_record import CRITERIA, ENOUGH, grade_of
from loadgen.core.errors import ExitCode
from loadgen.core.setting_table import ROWS, VARIABLES
from loadgen.drill.scenario import SCENARIOS
from loadgen.drill.tabletop import DRILLS, PHASES
from loadgen.notify.channel import NAMES
from reports.analysis import drills, readiness
from tests.support.commands import missing
from tests.support.documents import DOCS, blocks, sections
from tests.support.documents import DRILLS as PAGES

QUICK = DOCS / "RUNBOOK.md"
FIRST = DOCS / "TABLETOP-DRILL-01.md"


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_the_phases_of_the_page_are_those_of_the_command() -> None:
    table = rows(sections(FIRST)["The six phases"])[1:]
    assert [(row[0], row[1], row[2]) for row in table] == [
        (str(number), phase.title, str(phase.minutes)) for number, phase in enumerate(PHASES, 1)
    ]


def test_defect_c030_the_length_of_a_drill_is_the_sum_of_its_phases() -> None:
    """The source called 23 minutes 20."""
    assert f"{sum(phase.minutes for phase in PHASES)} minutes, once a quarter" in FIRST.read_text()


def test_the_criteria_and_grades_of_the_page_are_those_of_the_score() -> None:
    text = sections(FIRST)["The six criteria"]
    assert [row[0] for row in rows(text)[1:]] == [criterion.title for criterion in CRITERIA]
    assert "6 of 6 is grade A+, 5 A, 4 B, fewer F" in text
    assert [grade_of(score) for score in (6, 5, 4, 3)] == ["A+", "A", "B", "F"]
    assert f"{ENOUGH} of 6 pass the drill" in text


def test_the_answers_of_the_page_answer_everything() -> None:
    (answers,) = blocks(FIRST, "toml")
    assert re.findall(r"^\[phase\.(\w+)\]", answers, re.MULTILINE) == [phase.key for phase in PHASES]
    assert re.findall(r"^\[criterion\.(\w+)\]", answers, re.MULTILINE) == [criterion.key for criterion in CRITERIA]


@pytest.mark.parametrize("number", DRILLS)
def test_every_drill_has_a_page_that_names_its_alerts_and_its_runbook(number: str) -> None:
    page = (DOCS / f"TABLETOP-DRILL-{number}.md").read_text()
    drill = DRILLS[number]
    assert page.splitlines()[0].casefold() == f"# tabletop drill {number}: {drill.title}".casefold()
    assert {name for name in (drill.first, drill.active, drill.suppressed) if f"`{name}`" not in page} == set()
    assert drill.runbook.removeprefix("docs/") in page
    assert len(PAGES) == len(DRILLS)


def test_the_steps_of_every_drill_are_whole_sentences() -> None:
    for drill in DRILLS.values():
        for phase in PHASES:
            for step in phase.steps:
                assert re.fullmatch(r"[A-Z][^{}]*[.?]", drill.step(step)), step


def test_what_the_steps_tell_to_start_exists() -> None:
    for drill in DRILLS.values():
        named = re.findall(r"`(loadgen [^`]+)`", " ".join((drill.inject, drill.worsen)))
        assert [missing(text) for text in named if missing(text)] == []
        assert all(text.split()[-1] in {scenario.name for scenario in SCENARIOS} for text in named if "synth" in text)
        assert named


def test_the_exit_codes_are_those_of_the_code() -> None:
    table = {row[0]: row[1] for row in rows(sections(QUICK)["Exit codes"])[1:]}
    signals = [ExitCode.SIGHUP, ExitCode.SIGINT, ExitCode.SIGTERM]
    expected = {str(int(code)): code.meaning for code in ExitCode if code not in signals}
    assert {code: text for code, text in table.items() if "," not in code} == expected
    assert ", ".join(str(int(code)) for code in signals) in table


def test_every_variable_of_the_quick_reference_is_one_that_is_read() -> None:
    named = set(re.findall(r"\b[A-Z][A-Z]+_[A-Z_]+\b", sections(QUICK)["Settings"]))
    read = {name for row in ROWS for name in (given.text for given in row.variables)} | {*VARIABLES, *NAMES}
    assert named <= read
    assert len(named) > 8


def test_the_decisions_have_the_figures_of_the_code() -> None:
    page = (DOCS / "DECISIONS.md").read_text()
    assert "Ten points: six technical, four operational" in page
    assert readiness.MOST == 10
    assert f"{ENOUGH} of {len(CRITERIA)} criteria pass a drill, and a pass lasts {drills.OLDEST.days} days" in page
    assert "7 of 10 is enough to go with conditions, 9 to go without" in page


def test_every_message_of_the_quick_reference_is_one_that_the_code_has() -> None:
    packages = ("loadgen", "observer", "reports")
    source = "\n".join(path.read_text() for name in packages for path in (DOCS.parent / name).rglob("*.py"))
    signs = [sign for row in rows(sections(QUICK)["Failures and what they are"])[1:] for sign in row[0].split("`")]
    told = [sign for sign in signs if len(sign.split()) > 2 and not sign.startswith(("rows", " "))]
    assert [sign for sign in told if sign not in source] == []
    assert len(told) >= 5
