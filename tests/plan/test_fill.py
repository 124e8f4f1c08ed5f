"""What fills fields: a function of seed and number alone, encoded for its place."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.feeder import Feeder, read_feeder
from loadgen.core.template import parse_field
from loadgen.core.units import Rate
from loadgen.plan.codec import decode, encode
from loadgen.plan.fill import Arrivals, Filling, Slot, Where, encode_cell
from loadgen.plan.form import form_of, sample, uses_of
from loadgen.plan.model import Header, LoadPlan, Stage, Target
from loadgen.plan.sequence import Mix, Uses

if TYPE_CHECKING:
    from pathlib import Path


def _values(text: str, numbers: list[int], seed: int = 1, where: Where = Where.PLAIN) -> list[str]:
    arrivals = Arrivals(numbers, [1_700_000_000_123_456_789 + number for number in numbers], {})
    return Filling((), seed).values(Slot(parse_field(text), where), arrivals)


@pytest.mark.parametrize("text", ["int:1:1000000", "uuid", "string:25", "choice:a|b|c|d", "index", "counter:7:3"])
@given(first=st.integers(0, 1 << 40), workers=st.integers(1, 5), seed=st.integers(0, 1 << 63))
def test_a_value_does_not_depend_on_who_asks_for_it(text: str, first: int, workers: int, seed: int) -> None:
    whole = _values(text, list(range(first, first + 20)), seed)
    for index in range(workers):
        assert _values(text, list(range(first + index, first + 20, workers)), seed) == whole[index::workers]


def test_values_are_what_they_should_be() -> None:
    many = list(range(6_000))
    dice = Counter(_values("int:1:6", many))
    assert set(dice) == set("123456")
    assert min(dice.values()) > 850
    uuids = [UUID(text) for text in _values("uuid", many)]
    assert {(one.version, one.variant) for one in uuids} == {(4, "specified in RFC 4122")}
    assert len(set(uuids)) == 6_000
    assert {len(text) for text in _values("string:25", many)} == {25}
    assert len(set("".join(_values("string:25", many)))) == 62
    assert _values("counter:10:-2", [0, 1, 2]) == ["10", "8", "6"]
    assert _values("timestamp:iso", [0]) == ["2023-11-14T22:13:20.123Z"]
    assert _values("timestamp:ms", [0]) == ["1700000000123"]


def test_another_draw_and_another_seed_are_other_values() -> None:
    assert _values("uuid", [1, 2]) != _values("uuid#2", [1, 2])
    assert _values("uuid", [1, 2]) != _values("uuid", [1, 2], seed=2)
    assert _values("uuid", [1, 2]) == _values("uuid", [1, 2])


@given(st.text())
def test_what_goes_into_a_url_or_a_form_comes_out_again(text: str) -> None:
    encoded = encode_cell(text, Where.URL, typed=False)
    assert unquote(encoded) == text.encode("utf-8", "replace").decode() or text >= "\ud800"
    assert not set(encoded) & set("/?#& \r\n")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_goes_into_json_or_a_form_comes_out_again(text: str) -> None:
    assert json.loads(f'"{encode_cell(text, Where.JSON_TEXT, typed=False)}"') == text
    assert json.loads(encode_cell(text, Where.JSON_VALUE, typed=True)) == text
    if text:
        assert parse_qs(f"a={encode_cell(text, Where.FORM, typed=False)}", keep_blank_values=True) == {"a": [text]}


@pytest.mark.parametrize("text", ["a\r\nX: 1", "a\nb", "nul\0", "del\x7f"])
def test_a_header_is_not_broken_apart(text: str) -> None:
    with pytest.raises(ValueError, match="line break or control character"):
        encode_cell(text, Where.HEADER, typed=False)


@pytest.mark.parametrize(
    ("value", "typed", "encoded"),
    [("42", False, "42"), (" true", False, "true"), ("x", True, '"x"'), (["a"], True, '["a"]'), (None, True, "null")],
)
def test_outside_quotes_a_cell_is_a_json_value(value: Any, typed: bool, encoded: str) -> None:
    assert encode_cell(value, Where.JSON_VALUE, typed=typed) == encoded


@pytest.mark.parametrize("value", ["x", "", '1, "admin": true', "NaN"])
def test_a_cell_that_is_no_json_value_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="put the field between double quotes"):
        encode_cell(value, Where.JSON_VALUE, typed=False)


def _target(body: str, *headers: tuple[str, str], url: str = "http://h/x") -> Target:
    given_headers = tuple(Header(name, value) for name, value in headers)
    return Target("t", url, "POST", given_headers, body.encode(), templated=True)


@pytest.mark.parametrize(
    ("target", "places"),
    [
        (_target('{"a": "${uuid}", "b\\"": ${index}}'), [Where.JSON_TEXT, Where.JSON_VALUE]),
        (_target("${uuid}", ("Content-Type", "application/problem+json")), [Where.JSON_VALUE]),
        (_target("a=${uuid}", ("content-type", "application/x-www-form-urlencoded")), [Where.FORM]),
        (_target("{${uuid}", ("Content-Type", "text/plain")), [Where.PLAIN]),
        (_target("", ("X", "${uuid}"), url="http://h/${index}?${uuid}"), [Where.URL, Where.URL, Where.HEADER]),
    ],
)
def test_the_place_decides_how_a_value_is_encoded(target: Target, places: list[Where]) -> None:
    assert [slot.where for slot in form_of(target).slots] == places


@given(st.lists(st.integers(0, 5), min_size=2, max_size=4).filter(any), st.integers(0, 99), st.data())
def test_uses_count_the_arrivals_before(weights: list[int], seed: int, data: st.DataObject) -> None:
    mix = Mix(weights, seed)
    users = data.draw(st.sets(st.integers(0, len(weights) - 1), min_size=1))
    chosen = mix.choose(0, 1, 200)
    asked = sorted(data.draw(st.sets(st.integers(0, 199), min_size=1)))

    counts = Uses(mix, users, offset=3).before(asked)

    assert counts == [3 + sum(one in users for one in chosen[:number]) for number in asked]


@pytest.fixture
def users(tmp_path: Path) -> Feeder:
    (tmp_path / "users.csv").write_text("id\na b\nc\n")
    return read_feeder("users", str(tmp_path / "users.csv"), "sequential")


def test_a_sample_is_the_first_request(users: Feeder) -> None:
    target = _target("${users.id} ${index}", url="http://h/${users.id}")
    plan = LoadPlan((Stage(Rate.per_second(1), 1),), (target,), feeders=(users,), first_index=5)

    shown = sample(plan, target)

    assert (shown.url, shown.body, shown.templated) == ("http://h/a%20b", b"a b 5", False)
    assert uses_of(plan)["users"].before([0, 1]) == [5, 6]


def test_a_plan_with_feeders_travels(users: Feeder) -> None:
    plan = LoadPlan((Stage(Rate.per_second(1), 1),), (_target("${users.id}"),), feeders=(users,))

    assert decode(LoadPlan, encode(plan)) == plan
