"""Ways and tokens that exclude each other are refused by name, and nothing that is asked for is without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings, read_settings
from loadgen.core.redact import Secret
from loadgen.plan.connection import Proxy, Route, TokenCall
from loadgen.plan.load import build_plan
from loadgen.plan.model import Header, Kind, Plan
from loadgen.plan.token import PENDING, plan_with_token
from loadgen.plan.validate import check
from tests.support.authority import self_signed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HERE = "http://127.0.0.1:8901"
SECURE = "https://127.0.0.1:8901"
ANOTHER = "the token of a command or a URL is Authorization, and there is another one: remove one"
NEEDS_PROFILE = "not this machine: say --profile dev, staging or production"


def problems_of(
    flags: Mapping[str, object], profile: str | None = None, plan_file: Path | None = None, base: str = HERE
) -> list[str]:
    settings, problems = read_settings(profile, {"base_url": base, **flags}, {}, None, plan_file)
    assert problems == []
    return [str(problem) for problem in check(settings, Kind.RUN)]


def plan_of(flags: Mapping[str, object], plan_file: Path | None = None) -> Plan:
    settings = load_settings(None, {"base_url": HERE, **flags}, {}, None, plan_file)
    return build_plan(settings, Kind.RUN, processors=2)


def test_the_way_that_was_asked_for_is_in_the_plan() -> None:
    flags = {"proxy": "http://u:p@127.0.0.1:3128", "max_requests_per_connection": "9"}
    route = plan_of(flags).load.route
    assert route == Route(Proxy("127.0.0.1", 3128, Secret("Basic dTpw")), requests_per_connection=9)
    assert plan_of({"no_keepalive": True}).load.route.requests_per_connection == 1
    assert plan_of({"unix_socket": "/tmp/s"}).load.route.unix_socket == "/tmp/s"


def test_a_socket_takes_the_place_of_everything_about_addresses() -> None:
    flags = {"unix_socket": "/tmp/s", "proxy": "http://127.0.0.1:1", "resolve": ("127.0.0.1:8901:127.0.0.2",)}
    remedy = "has no effect with --unix-socket, which takes the place of every address: give one of them"
    names = ("--proxy", "--resolve", "--family")
    assert problems_of({**flags, "family": "ipv4"}) == [f"{name}: {remedy}" for name in names]


def test_one_request_per_connection_is_said_once() -> None:
    remedy = "--no-keepalive means one request per connection: give one of the two"
    assert problems_of({"no_keepalive": True, "max_requests_per_connection": "5"}) == [
        f"--max-requests-per-connection = '5': {remedy}"
    ]


def test_a_name_in_tls_needs_tls() -> None:
    assert problems_of({"sni": "x.test"}) == ["--sni = 'x.test': is a name in TLS, and no URL is https"]
    assert problems_of({"sni": "x.test"}, base=SECURE) == []


def test_an_address_for_a_place_that_nothing_connects_to_is_a_mistake() -> None:
    wrong = {"resolve": ("127.0.0.1:80:127.0.0.2",)}
    assert problems_of(wrong) == [
        "--resolve = '127.0.0.1:80:127.0.0.2': nothing connects to 127.0.0.1:80: only to 127.0.0.1:8901"
    ]
    target = {"resolve": ("127.0.0.1:8901:127.0.0.2",), "proxy": "http://127.0.0.1:3128"}
    assert problems_of(target) == [
        "--resolve = '127.0.0.1:8901:127.0.0.2': nothing connects to 127.0.0.1:8901: the proxy resolves names"
    ]
    assert problems_of({"resolve": ("p.test:3128:127.0.0.1",), "proxy": "http://p.test:3128"}) == []


def test_load_through_a_proxy_stays_here_only_if_the_proxy_does() -> None:
    assert problems_of({"proxy": "http://p.example:3128"}) == [f"--base-url = '127.0.0.1': {NEEDS_PROFILE}"]
    elsewhere = problems_of({"proxy": "http://127.0.0.1:3128"}, base="http://h.example")
    assert elsewhere == [f"--base-url = 'h.example': {NEEDS_PROFILE}"]
    assert problems_of({"proxy": "http://127.0.0.1:3128"}) == []
    assert problems_of({"unix_socket": "/tmp/s"}, base="http://h.example") == []


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "client", password="open sesame")
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("open sesame\n")
    wrong.write_text("abracadabra\n")
    pair = {"cert": str(pem), "key": str(key)}

    assert problems_of(pair) == ["--key: the key is encrypted: give its password with --key-password-file"]
    assert problems_of({**pair, "key_password_file": str(wrong)}) == [
        "--key: the key cannot be opened with the password of --key-password-file"
    ]
    assert problems_of({**pair, "key_password_file": str(right)}) == []
    assert problems_of({"key_password_file": str(right)}) == [
        "--key-password-file: is the password of a key: give --cert and --key as well"
    ]


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    pem, _ = self_signed(tmp_path, "one")
    _, key = self_signed(tmp_path, "two")
    remedy = "the key is not the certificate's: give the pair that belongs together"
    assert problems_of({"cert": str(pem), "key": str(key)}) == [f"--key: {remedy}"]


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "flags", "problems"),
    [
        (
            'url = "http://127.0.0.1:1"',
            {"token_command": "true"},
            ["--token-command: there is token.url too: give one of the two"],
        ),
        ('body = "x"', {}, ["token.body (plan.toml): says nothing without a command or a URL"]),
        ('body = "x"', {"token_command": "true"}, ["token.body (plan.toml): describes a call: give token.url"]),
        ('field = "x"', {}, ["token.field (plan.toml): says nothing without a command or a URL"]),
        ('field = "x"', {"token_command": "true"}, []),
        (
            'url = "http://127.0.0.1:1"',
            {"jwt": "abcdef"},
            [f"token.url (plan.toml): {ANOTHER}"],
        ),
    ],
)  # fmt: skip
def test_a_token_has_one_source(tmp_path: Path, text: str, flags: Mapping[str, object], problems: list[str]) -> None:
    assert problems_of(flags, plan_file=written(tmp_path, f"[token]\n{text}\n")) == problems


def test_a_call_for_a_token_is_described_in_the_plan_file(tmp_path: Path) -> None:
    (tmp_path / "body").write_text("grant_type=client_credentials&client_secret=hunter22\n")
    text = f"""
        [token]
        url = "https://me:pass@127.0.0.1:9/token"
        headers = ["X-Tenant: blue"]
        body_file = "{tmp_path / "body"}"
        field = "data.token"
        margin = "2m"
        lifetime = "1h"
    """
    source = plan_of({}, written(tmp_path, text)).issuer

    assert source is not None
    headers = (Secret("X-Tenant: blue"), Secret("Authorization: Basic bWU6cGFzcw=="))
    body = Secret("grant_type=client_credentials&client_secret=hunter22")
    assert source.call == TokenCall("https://127.0.0.1:9/token", "POST", headers, body)
    assert (source.field, source.margin_ns, source.lifetime_ns) == ("data.token", 120 * 10**9, 3600 * 10**9)


def test_the_token_goes_to_the_base_url_alone_and_takes_the_place_of_the_one_before() -> None:
    flags = {"token_command": "true", "endpoint": ("/a", "http://127.0.0.1:9/b"), "warmup": "1s"}
    plan = plan_of(flags)
    assert plan.load.bearer == PENDING

    first = plan_with_token(plan, Secret("first-token"))
    second = plan_with_token(first, Secret("second-token"))

    assert second.jwt == second.load.bearer == Secret("second-token")
    assert second.warmup is not None
    for phase in (second.load, second.warmup):
        assert [target.headers for target in phase.targets] == [
            (Header("Authorization", Secret("Bearer second-token")),),
            (),
        ]
    assert {Secret("first-token"), Secret("second-token")} <= set(second.secrets)
