"""Feeders: files read to their end, or refused with the line that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import read_settings
from loadgen.core.feeder import FeederPolicy, parse_feeder_flag, read_feeder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_csv_is_read_with_its_quotes_and_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('\ufeffid, name\r\n1,"Ann, ""A"""\r\n\r\n2,"two\nlines\u2028"\r\n')

    feeder = parse_feeder_flag(f"users={tmp_path}/a.csv,once")

    assert (feeder.name, feeder.policy, feeder.columns, feeder.count) == ("users", FeederPolicy.ONCE, ("id", "name"), 2)
    assert feeder.unpacked() == [["1", 'Ann, "A"'], ["2", "two\nlines\u2028"]]
    assert not feeder.typed


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "a,b.jsonl").write_text('{"id": 1, "tags": ["x"]}\n\n{"tags": null, "id": true}\n')

    feeder = parse_feeder_flag(f"users={tmp_path}/a,b.jsonl")

    assert feeder.policy is FeederPolicy.SEQUENTIAL
    assert feeder.unpacked() == [[1, ["x"]], [True, None]]
    assert feeder.typed


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "id,name\n1,2\n3\n", "line 3: 1 cells instead of 2"),
        ("a.csv", "id,id\n1,2\n", "line 1: every column has a name of its own"),
        ("a.csv", "id\n", "has no row"),
        ("a.csv", "", "has no row"),
        ("a.csv", 'id\n"1\n', "line 2: unexpected end of data"),
        ("a.jsonl", '{"a": 1}\n{"b": 1}\n', r"line 2: its keys are not those of the first line \(a\)"),
        ("a.jsonl", "[1]\n", "line 1: not a JSON object"),
        ("a.jsonl", "{\n", "line 1: not JSON"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_line(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=why):
        read_feeder("x", str(tmp_path / name), "sequential")


def test_every_feeder_that_is_wrong_is_named(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[feeder.a]\nfile = "none.csv"\n[feeder.b]\nfile = "x"\npolicy = "twice"\n[feeder.c]\nflie = "x"\n')

    _, problems = read_settings(None, {"feeder": ("d",)}, {}, None, plan)

    assert [str(problem) for problem in problems] == [
        "feeder.a (plan.toml): cannot read none.csv: No such file or directory",
        "feeder.b (plan.toml): 'twice' is no policy: write sequential, random or once",
        'feeder.c (plan.toml): write it as [feeder.NAME] with file = "FILE" and policy = "sequential", "random" '
        'or "once"',
        "--feeder = 'd': write NAME=FILE or NAME=FILE,POLICY, where POLICY is sequential, random or once",
    ]
