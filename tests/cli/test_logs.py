"""`loadgen logs query`: one question at a time, as a table or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.logs import logs
from loadgen.core.errors import InputError
from tests.support.traces import trace

if TYPE_CHECKING:
    from pathlib import Path

ID = "1" * 32
LINE = {"ts": "2026-03-01T12:00:00+00:00", "level": "error", "service": "loadgen", "trace_id": ID, "cmd": "main"}


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "results"
    place.mkdir()
    said = {**LINE, "msg": "refused: Authorization: Bearer tok-en-of-somebody"}
    (place / "load.log").write_text(json.dumps(said) + "\nhalf a l")
    (place / ".traces.jsonl").write_text(json.dumps(trace(ID)) + "\n")
    monkeypatch.chdir(tmp_path)
    return place


def ask(*arguments: str) -> str:
    result = CliRunner().invoke(logs, ["query", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        (("--trace-id", ID), "refused: Authorization: ***"),
        (("--by", "cmd"), "main      1      0         1       0       0"),
        (("--errors", "--bin", "10m"), "2026-03-01T12:00:00.000Z  1      0         1       100.0 %"),
        (("--durations",), "11111111  baseline  2026-03-01T12:00:00.000Z  60.0 s    completed  trace"),
    ],
)
def test_each_question_has_a_table(question: tuple[str, ...], shown: str) -> None:
    answer = ask(*question)

    assert shown in answer
    assert "results/load.log: 1 lines are no log lines (the first is line 2)" in answer
    assert "tok-en" not in answer


def test_json_has_the_rows_and_what_was_read(results: Path) -> None:
    result = CliRunner().invoke(logs, ["query", "results", "--durations", "--json"], catch_exceptions=False)
    document = json.loads(result.stdout)

    assert [row["trace_id"] for row in document.pop("rows")] == [ID]
    assert document == {
        "question": "durations",
        "files": ["results/.traces.jsonl", "results/load.log"],
        "lines": 1,
        "traces": 1,
        "broken": {"results/load.log": {"count": 1, "first_line": 2}},
        "unread": {},
    }


def test_a_file_that_cannot_be_read_is_named(results: Path) -> None:
    (results / "old.log.gz").write_bytes(b"\x1f\x8bnot really")

    assert "results/old.log.gz: not read to its end" in ask("--by", "level")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "ask one question: --trace-id ID, --by FIELD, --errors or --durations"),
        (("--errors", "--durations"), "ask one question"),
        (("--trace-id", "abc"), "give at least its first 8 characters"),
        (("--errors", "--bin", "soon"), "not a duration"),
        (("--errors", "--bin", "5ms"), "at least 1s"),
        (("--durations", "--bin", "5m"), "belongs to --errors"),
        (("nowhere", "--errors"), "there is no such file or directory"),
    ],
)
def test_what_is_asked_wrongly_is_refused(arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(InputError, match=why):
        CliRunner().invoke(logs, ["query", *arguments], catch_exceptions=False)
