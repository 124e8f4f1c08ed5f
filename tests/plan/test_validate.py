"""Load goes only where it was said, and settings that exclude each other are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import read_settings
from loadgen.plan.model import Kind
from loadgen.plan.validate import check, is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HERE = "http://127.0.0.1:8901"
NEEDS_PROFILE = "not this machine: say --profile dev, staging or production"
NEEDS_HOST = "production needs this host in ALLOWED_HOSTS: add it to .env.phase5 after checking that it is right"


def problems_of(
    flags: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
    profile: str | None = None,
    kind: Kind = Kind.BASELINE,
) -> list[str]:
    settings, problems = read_settings(profile, flags, environ or {})
    assert problems == []
    return [str(problem) for problem in check(settings, kind)]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "api.localhost", "::1", "[::1]", "::1%lo"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "example.com", "localhost.example.com", "0.0.0.0", "128.0.0.1", "::2", ""]
)
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)


def test_this_machine_needs_no_profile() -> None:
    assert problems_of({"base_url": HERE}) == []


@pytest.mark.parametrize("profile", ["dev", "staging"])
def test_another_machine_needs_a_profile(profile: str) -> None:
    assert problems_of({"base_url": "http://h.example/"}) == [f"--base-url = 'h.example': {NEEDS_PROFILE}"]
    assert problems_of({"base_url": "http://h.example/"}, profile=profile) == []


def test_every_endpoint_must_be_allowed_too() -> None:
    flags = {"base_url": HERE, "endpoint": ("http://h.example/a", "http://h.example/b", "http://i.example/")}
    assert problems_of(flags) == [
        f"--endpoint = 'h.example': {NEEDS_PROFILE}",
        f"--endpoint = 'i.example': {NEEDS_PROFILE}",
    ]


def test_a_name_of_this_machine_that_is_resolved_elsewhere_is_another_machine() -> None:
    flags = {"base_url": "http://localhost:8901", "resolve": ("localhost:8901:10.0.0.1",)}
    assert problems_of(flags) == [f"--base-url = 'localhost': {NEEDS_PROFILE}"]
    back_home = {"base_url": "http://h.example:8901", "resolve": ("h.example:8901:127.0.0.1",)}
    assert problems_of(back_home) == []


def test_production_needs_its_host_in_the_list_even_here() -> None:
    assert problems_of({}, {"LOAD_BASE_URL": HERE}, "production") == [f"LOAD_BASE_URL = '127.0.0.1': {NEEDS_HOST}"]


@pytest.mark.parametrize("allowed", ["h.example", "H.EXAMPLE:8443", "x.example h.example"])
def test_production_goes_to_a_host_of_the_list(allowed: str) -> None:
    assert problems_of({"base_url": "https://h.example:8443/"}, {"ALLOWED_HOSTS": allowed}, "production") == []


@pytest.mark.parametrize("allowed", ["::1", "[::1]", "[::1]:8443"])
def test_an_address_of_the_list_may_stand_in_brackets(allowed: str) -> None:
    assert problems_of({"base_url": "https://[::1]:8443/"}, {"ALLOWED_HOSTS": allowed}, "production") == []


@pytest.mark.parametrize("allowed", ["example", "h.example:443", "h.example.org"])
def test_a_host_of_the_list_is_matched_whole(allowed: str) -> None:
    found = problems_of({"base_url": "https://h.example:8443/"}, {"ALLOWED_HOSTS": allowed}, "production")
    assert found == [f"--base-url = 'h.example': {NEEDS_HOST}"]


@pytest.mark.parametrize(
    ("rate", "environ", "refused"),
    [
        ("160", {}, None),
        ("160.001", {}, "160/s"),
        ("101", {"LOAD_RATE": "50"}, "100/s"),
        ("100", {"LOAD_RATE": "50"}, None),
        ("500", {"MAX_RATE": "500"}, None),
        ("60", {"MAX_RATE": "50"}, "50/s"),
    ],
)
def test_production_caps_the_rate(rate: str, environ: dict[str, str], refused: str | None) -> None:
    allowed = {"ALLOWED_HOSTS": "127.0.0.1", **environ}
    found = problems_of({"base_url": HERE, "rate": rate}, allowed, "production")
    remedy = f"production allows at most {refused} (MAX_RATE, or 2 × LOAD_RATE): lower it or raise MAX_RATE"
    assert found == ([] if refused is None else [f"--rate = '{rate}/s': {remedy}"])
    assert problems_of({"base_url": HERE, "rate": rate}, environ) == []


def test_production_caps_the_warm_up_too() -> None:
    flags = {"base_url": HERE, "warmup_rate": "500"}
    (problem,) = problems_of(flags, {"ALLOWED_HOSTS": "127.0.0.1"}, "production", Kind.WARMUP)
    assert problem.startswith("--warmup-rate = '500/s': production allows at most 160/s")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"breaker_error_rate": "0.1%", "breaker_effective_fallback": "1%"}, []),
        ({"breaker_error_rate": "5%", "breaker_effective_fallback": "20%"}, []),
        ({"breaker_error_rate": "5.1%"}, ["--breaker-error-rate = '0.051': production allows at most 0.05"]),
        (
            {"breaker_effective_fallback": "21%"},
            ["--breaker-effective-fallback = '0.21': production allows at most 0.2"],
        ),
        (
            {"no_breaker": True},
            ["--no-breaker: refused for production: raise its thresholds instead, up to 5 % and 20 %"],
        ),
        ({"exercise": True}, ["--exercise: changes data on the target: production needs --allow-writes as well"]),
        ({"exercise": True, "allow_writes": True}, []),
        ({"idle": "59s"}, ["--idle = '59s': production watches at least 1m"]),
        ({"idle": "60s"}, []),
    ],
)
def test_production_keeps_its_guards(flags: dict[str, object], expected: list[str]) -> None:
    assert problems_of({"base_url": HERE, **flags}, {"ALLOWED_HOSTS": "127.0.0.1"}, "production") == expected
    assert problems_of({"base_url": HERE, **flags}, profile="staging") == []


def test_two_authorizations_are_one_too_many() -> None:
    found = problems_of({"base_url": "http://u:secret@127.0.0.1/"}, {"PROD_JWT": "token-1234"})
    remedy = "the URL has user and password and there is a JWT too: both are Authorization, so remove one"
    assert found == [f"--base-url = 'http://127.0.0.1/': {remedy}"]


def test_a_certificate_needs_its_key_and_authorities_need_verification(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_text("pem")
    assert problems_of({"base_url": HERE, "cert": str(file)}) == ["--key: missing: --cert needs both --cert and --key"]
    assert problems_of({"base_url": HERE, "key": str(file)}) == ["--cert: missing: --key needs both --cert and --key"]
    (unusable,) = problems_of({"base_url": HERE, "cert": str(file), "key": str(file)})
    assert unusable.startswith("--key: the TLS material cannot be used: ")
    assert problems_of({"base_url": HERE, "cacert": str(file), "insecure": True}) == [
        "--insecure: --cacert says which authorities to trust: give one of the two"
    ]


def test_every_worker_needs_a_connection() -> None:
    remedy = "every worker needs a connection, and concurrency is 4: lower it or raise that"
    assert problems_of({"base_url": HERE, "workers": "5", "concurrency": "4"}) == [f"--workers = '5': {remedy}"]


def test_a_metric_profile_is_bundled_or_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("")
    for name in ("metasheet", "prometheus-http", "relay", str(own)):
        assert problems_of({"base_url": HERE, "metric_profile": name}) == []
    assert problems_of({"base_url": HERE, "metric_profile": "mine"}) == [
        "--metric-profile = 'mine': neither a .toml file nor one of metasheet, prometheus-http, relay"
    ]
