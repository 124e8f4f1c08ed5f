"""No secret survives: by the name of its field, by its looks, or because it is known."""

from __future__ import annotations

import base64
import json
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.redact import Redactor, Secret, fingerprint, is_secret_key

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsb2FkIn0.c2lnbmF0dXJl-_x"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("abcde", "***bcde"), ("abcd", "***"), ("", "***"), (12345678, "***"), (["abcdef"], "***"), ({"a": "b"}, "***")],
)
def test_a_fingerprint_shows_the_last_four_of_a_longer_text_only(value: object, shown: str) -> None:
    assert fingerprint(value) == shown


@pytest.mark.parametrize(
    "key",
    ["token", "SECRET", "Password", "key", "Authorization", "api_key", "X-Api-Key", "accessToken", "PROD_JWT",
     "Set-Cookie", "redis_passwd", "monkey_token", "SLACK_WEBHOOK_URL", "auth_header", "METRICS_AUTH_HEADER"],
)  # fmt: skip
def test_a_field_named_like_a_secret_is_masked(key: str) -> None:
    assert is_secret_key(key)
    assert Redactor().structure({key: "verysecret"}) == {key: "***cret"}


@pytest.mark.parametrize(
    "key",
    ["monkey", "keyboard", "key_pattern", "sample_key", "sample_keys", "jwt_file", "token-file", "jwt_provided",
     "jwt_auth_fail_total", "author", "tokens_per_s", "msg", "cmd"],
)  # fmt: skip
def test_a_field_that_only_sounds_like_one_is_not(key: str) -> None:
    assert not is_secret_key(key)
    assert Redactor().structure({key: "plain text"}) == {key: "plain text"}


def test_structures_are_masked_at_every_depth() -> None:
    nested = {"a": [{"b": ({"token": "abcdefgh"}, "Bearer abcdefgh")}], "n": 5, "at": None, "ok": True}

    masked = Redactor().structure(nested)

    assert masked == {"a": [{"b": ({"token": "***efgh"}, "Bearer ***")}], "n": 5, "at": None, "ok": True}
    assert nested["n"] == 5, "the original is left alone"


def test_lists_under_a_secret_key_are_masked_whole() -> None:
    assert Redactor().structure({"api_keys": ["abcdefgh", "ijklmnop"]}) == {"api_keys": "***"}


def test_a_secret_key_says_whether_there_is_a_secret() -> None:
    assert Redactor().structure({"token": None, "jwt": False, "password": 12345678}) == {
        "token": None,
        "jwt": False,
        "password": "***",
    }


def test_the_names_of_fields_are_masked_too() -> None:
    assert Redactor().structure({"redis://:pw@h/0": 1, 7: "x"}) == {"redis://***@h/0": 1, 7: "x"}


@dataclass
class _Login:
    user: str
    password: str
    started: datetime


class _Talkative:
    def __str__(self) -> str:
        return "connected to redis://default:hunter2@cache:6379/0"  # not-a-secret


def test_objects_are_masked_in_the_form_in_which_they_would_be_written() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    masked = Redactor().structure(
        [_Login("ann", "hunter2-x", moment), _Talkative(), ValueError("Bearer abcdefgh"), b"token=abcdef", {"abcdef"}]
    )
    assert masked == [
        {"user": "ann", "password": "***r2-x", "started": moment},
        "connected to redis://***@cache:6379/0",
        "ValueError: Bearer ***",
        "token=***",
        ["abcdef"],
    ]


def test_numbers_of_any_kind_stay_numbers() -> None:
    masked = Redactor().structure([np.int64(5), np.float64(0.5), 2**70, HTTPStatus.OK])
    assert masked == [5, 0.5, 2**70, 200]
    assert isinstance(masked, list)
    assert [type(item) for item in masked] == [int, np.float64, int, int]


def test_a_structure_that_contains_itself_ends() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    assert "..." in str(Redactor().structure(loop))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("authorization: token ghp_x, then more", "authorization: ***"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "{'Authorization': '***'}"),
        ('{"authorization":"Digest a=1"}', '{"authorization":"***"}'),
        (r"{\"Authorization\": \"Bearer abcd\", \"n\": 1}", r"{\"Authorization\": \"***\", \"n\": 1}"),
        ("sent Bearer abcdef1 to it", "sent Bearer *** to it"),
        ("sent Bearer token-abc to it", "sent Bearer *** to it"),
        ("curl -H 'Basic dXNlcjpwYXNz'", "curl -H 'Basic ***'"),
        ("Proxy-Authorization: Basic QWxhZGRpbjpvcGVu\nHost: x", "Proxy-Authorization: ***\nHost: x"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
        ("x-metrics-token: abc123", "x-metrics-token: ***"),
        (f"got {JWT}, refused", "got ***, refused"),
        (f"jwt_{JWT}", "jwt_***"),
        (f"/cb?state=1&v={JWT.replace('.', '%2E')}", "/cb?state=1&v=***"),
        ("cut off: eyJhbGciOiJIUzI1NiJ9eyJzdWIi", "cut off: ***"),
        ("http://user:pass@host:8080/x", "http://***@host:8080/x"),
        ("http://user@host/x", "http://***@host/x"),
        ("redis://:p@ss/w0rd@host:6379/0", "redis://***@host:6379/0"),  # not-a-secret
        ("redis://:123456@host:6379/0", "redis://***@host:6379/0"),  # not-a-secret
        ("postgresql://me:a?b#c@db/x", "postgresql://***@db/x"),  # not-a-secret
        ("https://h/x?access_token=abc&page=2", "https://h/x?access_token=***&page=2"),
        ("https://h/x?sig=abc&key=def", "https://h/x?sig=***&key=***"),
        ("grant_type=x&client_secret=abc", "grant_type=x&client_secret=***"),
        ("PROD_JWT=abcdef make baseline", "PROD_JWT=*** make baseline"),
        ("password = 'hun ter2'", "password = '***'"),
        ("redis password: hunter2 refused", "redis password: *** refused"),
        ('{"user": "ann", "password": "x y", "n": 1}', '{"user": "ann", "password": "***", "n": 1}'),
        ("{'token': b'abc'}", "{'token': b'***'}"),
        ("https://hooks.slack.com/services/T0/B0/XyZ failed", "https://hooks.slack.com/*** failed"),
        ("https://hooks.slack.com/workflows/T0/A/1/x", "https://hooks.slack.com/***"),
        ("https://discord.com/api/webhooks/12/abc-def", "https://discord.com/api/webhooks/***"),
        ("xoxb-1234567890-abcdef", "***"),  # not-a-secret
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", "***\nrest"),  # not-a-secret
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut", "***"),  # not-a-secret
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == masked
    assert redactor.text(masked) == masked, "masking twice changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "the bearer token has expired",
        "basic authentication is missing",
        "a basic principle",
        "PROD_JWT: it is a placeholder",
        "http://127.0.0.1:8080/users/a@b.example",
        "http://[::1]:8080/a@b",
        "https://registry.example/@scope/name",
        "http://host:9090/metrics/prom?page=2&sort=name",
        "key_pattern=user:*, monkey=1",
        "p95=150ms rate=80/s cmd=baseline",
        "if key == other:",
        "📊 sample 3 of 12: 48,000 requests, p99 0.212 s",
        "2026-01-02T03:04:05.678Z host:80",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor().text(text) == text


SECRET = 'p/w "x"+é%&=~Z9'


@pytest.mark.parametrize(
    "carrier",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower().replace("z9", "Z9"),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"u:{SECRET}".encode()).decode(),
        base64.b64encode(f"us:{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}:more".encode()).decode(),
        base64.urlsafe_b64encode(f"user:{SECRET}".encode()).decode(),
    ],
)
def test_a_known_secret_is_found_in_every_spelling(carrier: str) -> None:
    masked = Redactor([Secret(SECRET)]).text(f"before {carrier} after")

    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    for remains in (SECRET, carrier, carrier.strip("'\"")[3:-3]):
        assert remains not in masked


@pytest.mark.parametrize(
    ("secret", "part"),
    [
        ("Authorization: Bearer opensesame", "opensesame"),
        ("X-Custom: opensesame", "opensesame"),
        ("Bearer opensesame", "opensesame"),
        ("Authorization: Basic " + base64.b64encode(b"ann:opensesame").decode(), "opensesame"),
        ("redis://default:opensesame@cache/0", "opensesame"),  # not-a-secret
        ("redis://default:open%20sesame@cache/0", "open sesame"),  # not-a-secret
        ("https://opensesame@host/x", "opensesame"),
        ("https://hooks.slack.com/services/T0/B0/opensesame0123456", "opensesame0123456"),  # not-a-secret
    ],
)
def test_the_part_that_matters_of_a_known_secret_is_found_alone(secret: str, part: str) -> None:
    assert Redactor([Secret(secret)]).text(f"echo {part}!") == "echo ***!"


def test_a_longer_secret_is_masked_before_one_that_it_contains() -> None:
    assert Redactor([Secret("abcd"), Secret("abcdefgh")]).text("xabcdefghx") == "x***x"


def test_secrets_too_short_to_search_for_leave_text_alone() -> None:
    assert Redactor([Secret("abc"), Secret("")]).text("abc") == "abc"


@given(
    secret=st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=8, max_size=40),
    prefix=st.text(max_size=10),
    suffix=st.text(max_size=10),
)
def test_no_known_secret_survives_plain_encoded_or_in_base64(secret: str, prefix: str, suffix: str) -> None:
    redactor = Redactor([Secret(secret)])
    assert secret not in redactor.text(prefix + secret + suffix) or secret in "***"
    credentials = base64.b64encode(f"user:{secret}".encode()).decode()
    assert credentials not in redactor.text(f"{prefix} {credentials} {suffix}")


FRAGMENTS = st.sampled_from(
    ["Authorization", "bearer", "basic ", ": ", "=", "'", '"', "\\", "token", "key", "password:", "http://", "@", "/",
     ":", "80", "***", "eyJhbGci", ".", "&", "?", " ", "\n", "hunter22", "cookie", "x-api-key", "b", "é"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(FRAGMENTS, max_size=14).map("".join)))
def test_any_text_can_be_masked_and_masking_twice_changes_nothing(text: str) -> None:
    redactor = Redactor([Secret("hunter22")])
    once = redactor.text(text)
    assert redactor.text(once) == once


def test_masking_a_long_hostile_text_takes_no_time_to_speak_of() -> None:
    for hostile in ("http://" * 2_000 + "@", "a=" * 20_000, "eyJ" * 20_000, "key='" * 10_000, "bearer " * 10_000):
        Redactor([Secret("hunter22")]).text(hostile)


def test_a_traceback_is_masked_with_its_causes_and_notes() -> None:
    redactor = Redactor([Secret("hunter22")])
    try:
        try:
            raise ConnectionError("cannot reach redis://:hunter22@cache")  # not-a-secret
        except ConnectionError as cause:
            raise RuntimeError("no cache; tried hunter22") from cause
    except RuntimeError as error:
        error.add_note(f"with {JWT}")
        text = redactor.traceback(error)

    assert "hunter22" not in text
    assert "eyJ" not in text
    assert "RuntimeError: no cache; tried ***" in text
    assert "redis://***@cache" in text


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("opensesame")

    assert f"{secret} {secret!r} {secret:>12}" == "***same Secret('***same')      ***same"
    assert Redactor().structure({"anything": secret}) == {"anything": "***same"}
    assert repr(Redactor([secret])) == "<Redactor of 1 secrets>"
    assert (secret == Secret("opensesame"), secret == "opensesame", bool(Secret(""))) == (True, False, False)
    assert len({secret, Secret("opensesame")}) == 1
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_what_is_learnt_later_is_masked_too_and_the_newest_few_are_kept() -> None:
    redactor = Redactor([Secret("known-from-the-start")])
    for number in range(20):
        redactor.learn(Secret(f"token-number-{number:02d}"))

    assert redactor.text("known-from-the-start, token-number-19, token-number-12") == "***, ***, ***"
    assert redactor.text("token-number-05") == "token-number-05", "it ended long ago"
