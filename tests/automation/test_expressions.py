"""Expressions of workflows mean here what they mean on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.expressions import Expression, fill, truth

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT = {"vars": {"A": "x", "empty": ""}, "inputs": {"apply": True}, "steps": {"one": {"outputs": {"done": "true"}}}}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cancelled": lambda: False,
    "hashFiles": lambda pattern: "" if pattern == "none" else "found",
}


def value(text: str) -> Any:
    return Expression(text, CONTEXT, FUNCTIONS).value()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vars.A", "x"), ("vars.B", None), ("vars.A == 'x'", True), ("vars.B == ''", True), ("vars.B != ''", False),
        ("vars.empty || 'usual'", "usual"), ("vars.A || 'usual'", "x"), ("!cancelled()", True),
        ("!cancelled() && vars.A != ''", True), ("vars.A == 'x' && 'yes' || ''", "yes"),
        ("vars.B == 'x' && 'yes' || ''", ""), ("hashFiles('none') != ''", False), ("hashFiles('a/*.json') != ''", True),
        ("(vars.B == 'y' || inputs.apply) && true", True), ("steps.one.outputs.done == 'true'", True),
        ("'it''s'", "it's"), ("1 == 1", True), ("vars.A.deeper", None),
    ],
)  # fmt: skip
def test_an_expression_has_its_value(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("text", ["vars.A ==", "(vars.A", "unknown('x')", "vars.A ; rm", "vars.A 'x'", ")"])
def test_what_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not understood|missing|no such function|too early"):
        value(text)


def test_a_text_is_filled_and_what_is_not_there_is_empty() -> None:
    assert fill("a ${{ vars.A }} b ${{vars.B}} c ${{ inputs.apply }}", CONTEXT) == "a x b  c true"


def test_empty_and_false_and_nothing_are_no() -> None:
    assert [truth(one) for one in (None, "", 0, False, "false", "0", 1)] == [False] * 4 + [True] * 3
