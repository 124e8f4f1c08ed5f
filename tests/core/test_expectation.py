"""Rules for answers as users write them, and the paths into JSON that some have."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.core.expectation import Expectation, Rule, parse_expectation, read_expectations
from loadgen.core.json_path import ABSENT, follow, split_path

DOCUMENT: dict[str, Any] = {"a": {"b-c": [1, {"d e": None}]}, "x": [], "": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status 200, 2xx 404-405", Expectation("s", Rule.STATUS, statuses=(*range(200, 300), 404, 405))),
        ("contains  a = b ", Expectation("s", Rule.CONTAINS, "a = b")),
        ("lacks error", Expectation("s", Rule.LACKS, "error")),
        (r"matches ^\d+$", Expectation("s", Rule.MATCHES, r"^\d+$")),
        ("header X-Cache", Expectation("s", Rule.HEADER, "X-Cache")),
        ("header X-Cache = HIT=1", Expectation("s", Rule.HEADER, "X-Cache", "HIT=1")),
        ("json $.a[0]", Expectation("s", Rule.JSON, "$.a[0]")),
        ('json $.a = "x"', Expectation("s", Rule.JSON, "$.a", '"x"')),
        ("json $.a=x", Expectation("s", Rule.JSON, "$.a", '"x"')),
        ('json $["a=b"]={"c": 1}', Expectation("s", Rule.JSON, '$["a=b"]', '{"c": 1}')),
    ],
)
def test_a_rule_is_read(text: str, expected: Expectation) -> None:
    assert parse_expectation(text, "s") == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("is fine", "write status 200,201"),
        ("status", "needs something after it"),
        ("status 600", "'600' is no status"),
        ("status 204-200", "has no status in it"),
        ("matches (", "not a regular expression"),
        ("header bad name", "write header NAME or"),
        ("json a.b", r"begins with \$"),
        ("json $.a..b", "no part of a JSON path"),
        ("json $[*]", "no part of a JSON path"),
    ],
)
def test_a_rule_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_expectation(text)


def test_rules_are_named_by_a_table_or_by_their_text() -> None:
    assert [item.name for item in read_expectations(["status 200", "contains a"])] == ["status 200", "contains a"]
    assert [item.name for item in read_expectations({"fine": "status 200"})] == ["fine"]
    assert read_expectations("status 200")[0].name == "status 200"
    with pytest.raises(ValueError, match="two rules are named"):
        read_expectations(["status 200", "status 200"])
    with pytest.raises(ValueError, match="a rule is a text"):
        read_expectations([200])


def test_a_long_name_is_cut() -> None:
    assert len(parse_expectation("contains " + "a" * 100).name) == 60


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$", DOCUMENT),
        ('$.a["b-c"][0]', 1),
        ("$.a.b-c[-1]['d e']", None),
        ("$.a.b-c[2]", ABSENT),
        ("$.a.b-c[-3]", ABSENT),
        ("$.x[0]", ABSENT),
        ("$.a[0]", ABSENT),
        ("$.a.nope.deeper", ABSENT),
        ('$[""]', 1),
    ],
)
def test_a_path_leads_to_one_value_or_to_none(text: str, value: object) -> None:
    path, rest = split_path(text)
    assert rest == ""
    assert follow(DOCUMENT, path) == value
