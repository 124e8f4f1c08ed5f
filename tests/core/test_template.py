"""Fields in texts: what is one, what is not, and what is said of those that are wrong."""

from __future__ import annotations

import pytest

from loadgen.core.template import Field, FieldKind, has_fields, parse_template, without_fields


def test_a_text_is_split_at_its_fields() -> None:
    assert parse_template("/u/${users.id}?n=${index}") == (
        "/u/",
        Field("users.id", FieldKind.CELL, ("users", "id")),
        "?n=",
        Field("index", FieldKind.INDEX),
    )


def test_a_doubled_dollar_is_a_plain_one() -> None:
    assert parse_template("a$${b}${uuid}$") == ("a${b}", Field("uuid", FieldKind.UUID), "$")
    assert parse_template("costs $5 {or} more") == ("costs $5 {or} more",)
    assert not has_fields("$5 {x}")


@pytest.mark.parametrize(
    ("text", "kind", "words", "numbers"),
    [
        ("counter", FieldKind.COUNTER, (), (0, 1)),
        ("counter:100", FieldKind.COUNTER, (), (100, 1)),
        ("counter:100:-5", FieldKind.COUNTER, (), (100, -5)),
        ("int:-3:3", FieldKind.INT, (), (-3, 3)),
        ("int:1:6#2", FieldKind.INT, (), (1, 6)),
        ("string:8", FieldKind.STRING, (), (8,)),
        ("choice:a|b c|", FieldKind.CHOICE, ("a", "b c", ""), ()),
        ("timestamp", FieldKind.TIMESTAMP, ("s",), ()),
        ("timestamp:iso", FieldKind.TIMESTAMP, ("iso",), ()),
        ("users.full name", FieldKind.CELL, ("users", "full name"), ()),
    ],
)
def test_each_kind_of_field_is_read(
    text: str, kind: FieldKind, words: tuple[str, ...], numbers: tuple[int, ...]
) -> None:
    assert parse_template(f"${{{text}}}") == (Field(text, kind, words, numbers),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${nope}", r"\$\{nope\}: unknown; fields are"),
        ("${", "without its }"),
        ("${}", "unknown"),
        ("${int:6:1}", "lowest and a highest"),
        ("${int:1}", "lowest and a highest"),
        ("${int:a:b}", "whole numbers"),
        ("${string:0}", "length from 1 to 1,000"),
        ("${choice:a}", "at least two"),
        ("${uuid:4}", "takes nothing after it"),
        ("${index#2}", "only a random value"),
        ("${timestamp:h}", "s, ms, ns, iso"),
        ("${counter:1:2:3}", "start and a step"),
        ("${.id}", "FEEDER.COLUMN"),
    ],
)
def test_a_field_that_is_none_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_template(text)


def test_something_harmless_takes_a_fields_place() -> None:
    assert without_fields("http://h/${users.id}/$${x}") == "http://h/0/${x}"
