"""A tabletop drill: six phases, six criteria, a score that nobody can write down by hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from loadgen.cli.drill_tabletop import tabletop
from loadgen.core.drill_record import CRITERIA, DrillRecord, read_drill
from loadgen.core.errors import InputError
from loadgen.drill.tabletop import DRILLS, MINUTES, PHASES
from loadgen.drill.tabletop_answers import read_answers
from loadgen.drill.tabletop_session import Session, begin
from tests.support.tabletop import HELD, PASSING, answers_text, held_drill

if TYPE_CHECKING:
    from datetime import datetime

    from click.testing import Result

EVIDENCE = {4, 6, 8, 12, 18, 22}
"""Where PASSING has evidence: right after the answer that it belongs to."""
LATER = HELD + timedelta(hours=1)


class Minutes:
    """A clock that moves on by a minute each time it is asked."""

    def __init__(self) -> None:
        self.now = HELD

    def monotonic_ns(self) -> int:
        return 0

    def utc_now(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class Script:
    """Answers from a list, and keeps what was said."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.said: list[str] = []

    def say(self, text: str = "") -> None:
        self.said.append(text)

    def ask(self, question: str) -> str:
        self.said.append(question)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


def invoke(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(tabletop, list(arguments), input=typed, standalone_mode=False)


def hold(*answers: str, record: DrillRecord | None = None) -> tuple[Session, Script]:
    script, clock = Script(*answers), Minutes()
    drill = DRILLS["01"]
    return Session(drill, record or begin(drill, ("ann",), clock), script, clock, lambda _: None), script


def test_the_phases_take_5_2_5_3_5_and_3_minutes() -> None:
    assert [phase.minutes for phase in PHASES] == [5, 2, 5, 3, 5, 3]
    assert MINUTES == 23
    assert [key for phase in PHASES for key in phase.asks] == [
        "fires", "channel", "runbook", "dashboard", "inhibition", "resolves",
    ]  # fmt: skip


def test_a_drill_in_which_everything_passes_is_an_a_plus_with_a_time_at_each_phase() -> None:
    session, script = hold(*PASSING)
    record = session.conduct()
    assert (record.score, record.grade, record.passed, script.answers) == (6, "A+", True, [])
    begun = [phase.started for phase in record.phases.values()]
    assert all(at is not None for at in begun)
    assert begun == sorted(begun, key=lambda at: at or HELD)
    assert record.findings["fires"].minutes == 11.5
    assert record.phases["mitigation"].note == "would run loadgen stop"


@pytest.mark.parametrize(
    ("passed", "grade", "counts"), [(6, "A+", True), (5, "A", True), (4, "B", False), (3, "F", False), (0, "F", False)]
)
def test_the_grade_follows_from_the_number_of_criteria(passed: int, grade: str, counts: bool) -> None:
    record = held_drill(passed)
    assert (record.score, record.grade, record.passed) == (passed, grade, counts)


@pytest.mark.parametrize(("minutes", "passed"), [("15", True), ("15.1", False), ('"never"', False), ("0", True)])
def test_minutes_decide_where_there_is_a_limit(tmp_path: Path, minutes: str, passed: bool) -> None:
    (tmp_path / "a.toml").write_text(answers_text(criterion_fires=f'minutes = {minutes}\nevidence = "x"'))
    assert read_answers(tmp_path / "a.toml", DRILLS["01"], LATER).findings["fires"].passed is passed


def test_what_was_passed_without_evidence_is_no_point() -> None:
    body = held_drill(6).to_body()
    body["criteria"][1]["evidence"] = ""
    assert _reread(body).score == 5


def test_a_score_that_was_edited_into_the_file_counts_for_nothing() -> None:
    body = held_drill(2).to_body()
    body.update(score=6, grade="A+", passed=True)
    record = _reread(body)
    assert (record.score, record.grade, record.passed) == (2, "F", False)


def _reread(body: dict[str, object], place: Path | None = None) -> DrillRecord:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        path = place or Path(directory) / "drill.json"
        path.write_bytes(orjson.dumps(body))
        return read_drill(path)


def test_a_wrong_answer_is_asked_again_with_what_to_write() -> None:
    answers = list(PASSING)
    answers[3:3] = ["soon", "-1"]
    answers[7:7] = ["perhaps"]
    session, script = hold(*answers)
    assert session.conduct().score == 6
    assert "  'soon': write minutes, such as 11.5, or never" in script.said
    assert "  'perhaps': write yes or no" in script.said


@pytest.mark.parametrize("cut", range(len(PASSING)))
def test_a_drill_that_was_interrupted_anywhere_goes_on_where_it_was(cut: int) -> None:
    session, _ = hold(*PASSING[:cut])
    with pytest.raises(EOFError):
        session.conduct()
    kept = _reread(session.record.to_body())
    assert not kept.complete
    asked_again = cut in EVIDENCE  # without its evidence a criterion is not answered
    resumed, script = hold(*PASSING[cut - asked_again :], record=kept)
    assert resumed.conduct().score == 6
    assert script.answers == []
    assert {**resumed.record.phases, **{key: held for key, held in kept.phases.items() if held.ended}} == dict(
        resumed.record.phases
    )


def test_an_interrupted_drill_keeps_its_answers_and_asks_only_the_rest(tmp_path: Path) -> None:
    place = tmp_path / "drill.json"
    cut = 7
    first = invoke("--out", str(place), typed="\n".join(PASSING[:cut]) + "\n")
    assert first.return_value == 3
    assert f"--resume {place}" in first.output
    assert orjson.loads(place.read_bytes())["status"] == "partial"

    second = invoke("--resume", str(place), typed="\n".join(PASSING[cut - 1 :]) + "\n")
    assert second.return_value == 0, second.output
    assert "score 6 of 6, grade A+" in second.output
    assert "The alert fires within 15 min: after" not in second.output


def test_the_answers_file_gives_the_same_result_without_a_question(tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text(answers_text())
    place = tmp_path / "made" / "drill.json"
    result = invoke("--answers", str(tmp_path / "answers.toml"), "--out", str(place))
    assert result.return_value == 0, result.output
    body = orjson.loads(place.read_bytes())
    assert (body["status"], body["score"], body["of"], body["grade"]) == ("complete", 6, 6, "A+")
    assert [phase["minutes"] for phase in body["phases"]] == [5, 2, 5, 3, 5, 3]
    assert [item["title"] for item in body["criteria"]] == [criterion.title for criterion in CRITERIA]


def test_a_drill_with_two_failures_ends_with_exit_code_1(tmp_path: Path) -> None:
    failing = answers_text(criterion_channel="passed = false", criterion_resolves='minutes = "never"')
    (tmp_path / "answers.toml").write_text(failing)
    result = invoke("--answers", str(tmp_path / "answers.toml"), "--out", str(tmp_path / "drill.json"))
    assert result.return_value == 1
    assert "score 4 of 6, grade B" in result.output


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"criterion_fires": ""}, ["criterion.fires.minutes"]),
        ({"criterion_channel": 'passed = "maybe"\nwhy = "x"'}, ["criterion.channel.why", "criterion.channel.passed"]),
        ({"criterion_runbook": "passed = true"}, ["criterion.runbook.evidence"]),
        (
            {"criterion_resolves": "minutes = -1\nevidence = 3"},
            ["criterion.resolves.evidence", "criterion.resolves.minutes"],
        ),
        ({"phase_inject": ""}, ["phase.inject.started_at", "phase.inject.ended_at"]),
        (
            {"phase_triage": "started_at = 2026-03-01T11:00:00Z\nended_at = 2026-03-01T10:00:00Z"},
            ["phase.triage.started_at", "phase.triage.ended_at"],
        ),
        (
            {"phase_resolution": "started_at = 2030-01-01T00:00:00Z\nended_at = 2030-01-01T00:00:00Z"},
            ["phase.resolution.started_at", "phase.resolution.ended_at"],
        ),
        ({"phase_lunch": "", "colour_red": ""}, ["colour", "phase.lunch"]),
    ],
)  # fmt: skip
def test_every_problem_of_an_answers_file_is_in_one_message(
    tmp_path: Path, changes: dict[str, str], keys: list[str]
) -> None:
    (tmp_path / "a.toml").write_text(answers_text(**changes))
    with pytest.raises(InputError) as caught:
        read_answers(tmp_path / "a.toml", DRILLS["01"], LATER)
    assert [problem.key for problem in caught.value.problems] == keys


def test_options_that_do_not_go_together_are_all_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken.json"
    taken.write_text("{}")
    result = invoke("--resume", "x", "--drill", "02", "--participant", "ann", "--out", str(taken))
    assert isinstance(result.exception, InputError)
    assert [problem.key for problem in result.exception.problems] == ["--drill", "--out", "--participant", "--out"]


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "tabletop drill", "schema_version": 9}'])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "drill.json").write_text(text)
    result = invoke("--resume", str(tmp_path / "drill.json"))
    assert isinstance(result.exception, InputError)


def test_a_complete_drill_cannot_be_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "drill.json").write_bytes(orjson.dumps(held_drill().to_body()))
    result = invoke("--resume", str(tmp_path / "drill.json"))
    assert "is complete" in str(result.exception)


def test_a_secret_in_an_answer_does_not_reach_the_file(tmp_path: Path) -> None:
    secret = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLWl0"
    (tmp_path / "a.toml").write_text(answers_text(criterion_channel=f'passed = true\nevidence = "{secret}"'))
    invoke("--answers", str(tmp_path / "a.toml"), "--out", str(tmp_path / "drill.json"))
    assert "c2lnbmF0dXJl" not in (tmp_path / "drill.json").read_text()


def test_every_problem_of_a_damaged_record_is_named() -> None:
    body = held_drill().to_body()
    body["ended_at"] = "yesterday"
    body["phases"][0]["ended_at"] = "2020-01-01T00:00:00Z"
    body["criteria"][0]["minutes"] = "soon"
    body["criteria"][1]["passed"] = "yes"
    body["criteria"][2]["criterion"] = "luck"
    with pytest.raises(InputError) as caught:
        _reread(body)
    keys = [problem.key.rpartition(": ")[2] for problem in caught.value.problems]
    assert keys == ["phases 1.ended_at", "criteria 1.minutes", "criteria 2.passed", "criteria 3", "ended_at"]
