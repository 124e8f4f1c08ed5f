"""Where a Redis is: what is accepted, and what is shown of it."""

from __future__ import annotations

import pytest

from loadgen.core.redact import Secret
from loadgen.core.redis_address import read_redis_url, shown_redis


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1", "127.0.0.1:6379, database 0"),
        ("redis://cache:6380/2", "cache:6380, database 2"),
        ("rediss://user:a-long-password@cache", "cache:6379 over TLS, database 0"),  # not-a-secret
        ("redis://[::1]:7000/", "[::1]:7000, database 0"),
        ("redis://cache/1?db=4&ssl_cert_reqs=none", "cache:6379, database 4"),
        ("unix:///run/valkey.sock", "/run/valkey.sock, database 0"),
        ("unix://:a-long-password@/run/valkey.sock?db=3", "/run/valkey.sock, database 3"),  # not-a-secret
    ],
)
def test_an_address_is_a_secret_and_shown_without_credentials(url: str, shown: str) -> None:
    secret = read_redis_url(f" {url} ")
    assert secret.reveal() == url
    assert "a-long-password" not in str(secret)
    assert shown_redis(secret) == shown


@pytest.mark.parametrize(
    "text",
    ["", "cache:6379", "http://cache", "redis://", "redis://cache:port", "redis://cache:0", "redis://cache/two",
     "unix://", "unix://run/x", "unix:///"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"write redis://host\[:port\]"):
        read_redis_url(text)


@pytest.mark.parametrize(
    ("text", "said"), [("redis://cache?timeout=1", "not timeout"), ("redis://cache?db=x", "number")]
)
def test_an_option_that_is_none_is_refused_by_its_name(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_redis_url(text)


def test_the_password_stays_a_secret_in_every_form() -> None:
    assert repr(read_redis_url("redis://:a-long-password@cache/0")) == "Secret('***he/0')"  # not-a-secret
    assert shown_redis(Secret("redis://me:a-long-password@cache")) == "cache:6379, database 0"  # not-a-secret
