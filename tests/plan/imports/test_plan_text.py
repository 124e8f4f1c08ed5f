from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.endpoint_setting import parse_target_table
from loadgen.core.template import parse_template
from loadgen.plan.imports.model import Found, FoundRequest
from loadgen.plan.imports.plan_text import plan_text, quoted

FOUND = Found(
    (
        FoundRequest("GET", "http://h/a?b=1", (("Accept", "x"), ("Authorization", "Bearer abc"), ("Cookie", "s=1"))),
        FoundRequest("GET", "http://h/c", (("Accept", "x"), ("accept", "y")), weight=3),
        FoundRequest("POST", "http://other/d", body='{"a": "ü"}\n', name="order"),
    ),
    {"timeout": "3s"},
)


def test_the_plan_holds_the_requests_without_their_credentials() -> None:
    plan = plan_text(FOUND, "x.har")

    assert plan.left_out == ("Authorization", "Cookie")
    assert "Bearer" not in plan.text
    assert "s=1" not in plan.text
    assert "#   Cookie: --header 'Cookie: …'" in plan.text
    assert tomllib.loads(plan.text) == {
        "base_url": "http://h",
        "timeout": "3s",
        "target": [
            {"url": "/a?b=1", "headers": {"Accept": "x"}},
            {"url": "/c", "weight": 3, "headers": {"Accept": "x, y"}},
            {"url": "http://other/d", "name": "order", "method": "POST", "body": '{"a": "ü"}\n'},
        ],
    }


def test_credentials_are_written_when_they_are_asked_for() -> None:
    plan = plan_text(FOUND, "x.har", keep_credentials=True)

    assert plan.left_out == ()
    headers = tomllib.loads(plan.text)["target"][0]["headers"]
    assert headers == {"Accept": "x", "Authorization": "Bearer abc", "Cookie": "s=1"}


@given(st.text())
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    assert tomllib.loads(f"a = {quoted(text)}") == {"a": text}


def test_what_looks_like_a_field_is_sent_as_it_was() -> None:
    text = "${HOME} $${x} $"
    request = FoundRequest("POST", "http://h/a?q=${x}", (("X", text),), text)

    endpoint, problems = parse_target_table(1, tomllib.loads(plan_text(Found((request,)), "x").text)["target"][0], "x")

    assert problems == []
    assert endpoint is not None
    assert parse_template(endpoint.place) == ("/a?q=${x}",)
    assert parse_template(endpoint.body.decode()) == (text,)
    assert parse_template(str(endpoint.headers[0][1])) == (text,)
