"""What a command or a URL may say, and when the token that it said is renewed."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest

from loadgen.core.redact import Secret
from loadgen.plan.model import TokenSource
from loadgen.run.token_answer import Issued, TokenError, read_answer

S = 1_000_000_000
AT_NS = 50 * S
WALL_S = 1_800_000_000.0
SOURCE = TokenSource()
KEY = "a key that is long enough for HS256"


def signed(**claims: Any) -> str:
    return jwt.encode(claims, KEY, algorithm="HS256")


def lasts_s(text: str, source: TokenSource = SOURCE) -> float | None:
    issued = read_answer(text, source, AT_NS, WALL_S)
    return None if issued.expires_ns is None else (issued.expires_ns - AT_NS) / S


def test_a_bare_token_tells_its_end_by_its_claims() -> None:
    token = signed(exp=WALL_S + 300)

    assert read_answer(f"Bearer {token}\n", SOURCE, AT_NS, WALL_S) == Issued(Secret(token), AT_NS, AT_NS + 300 * S)


def test_an_opaque_token_has_the_lifetime_that_the_plan_gives_it() -> None:
    assert lasts_s("opaque-token") is None
    assert lasts_s("opaque-token", TokenSource(lifetime_ns=90 * S)) == 90


@pytest.mark.parametrize(
    ("value", "expected"), [(120, 120), ("120", 120), (WALL_S + 60, 60), (None, None), (True, None), ("soon", None)]
)
def test_json_tells_how_long_the_token_lasts(value: object, expected: float | None) -> None:
    assert lasts_s(json.dumps({"access_token": "opaque", "expires_in": value})) == expected


def test_what_json_says_of_the_end_comes_before_the_claims() -> None:
    assert lasts_s(json.dumps({"access_token": signed(exp=WALL_S + 300), "expires_in": 60})) == 60
    assert lasts_s(json.dumps({"access_token": signed(exp=WALL_S + 300)})) == 300


def test_token_and_end_may_be_anywhere() -> None:
    source = TokenSource(field="data.auth.jwt", expiry_field="data.ttl")
    text = json.dumps({"data": {"auth": {"jwt": "opaque"}, "ttl": 30}})

    assert read_answer(text, source, AT_NS, WALL_S) == Issued(Secret("opaque"), AT_NS, AT_NS + 30 * S)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the answer is empty"),
        ("{not json", "begins like JSON and is none"),
        ('{"token": "hunter2-hunter2"}', "the answer has no text at access_token"),
        ('{"access_token": 7}', "the answer has no text at access_token"),
        ("an error: hunter2-hunter2", "the answer is not a token"),
        ('{"access_token": "hunter2-hunter2", "expires_in": -5}', "the token it gave ended 5 s ago"),
    ],
)
def test_what_is_no_token_is_said_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(TokenError, match=message) as caught:
        read_answer(text, SOURCE, AT_NS, WALL_S)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("lasts", "margin", "renewed_after"), [(3600, 60, 3540), (100, 60, 50), (100, 10, 90), (60, 0, 60)]
)
def test_a_token_is_renewed_a_margin_before_its_end_but_not_in_its_first_half(
    lasts: int, margin: int, renewed_after: int
) -> None:
    issued = Issued(Secret("x"), AT_NS, AT_NS + lasts * S)

    assert issued.renew_at_ns(margin * S) == AT_NS + renewed_after * S


def test_a_token_without_an_end_is_never_renewed() -> None:
    assert Issued(Secret("x"), AT_NS, None).renew_at_ns(60 * S) is None
