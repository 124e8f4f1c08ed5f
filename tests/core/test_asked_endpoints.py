"""Endpoints come from URLs and flags or from the plan file, and one that is wrong says where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings, read_settings
from loadgen.core.endpoint_setting import EndpointSetting, parse_endpoint
from loadgen.core.redact import Secret

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """
[[target]]
url = "/health"

[[target]]
name = "make a snapshot"
method = "post"
url = "https://other.example/api/snapshots?x=1"
headers = { Accept = "application/json", X-Api-Key = "k-12345" }
body = '{"a": 1}'
weight = 3
expected = [2, 4]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/health", EndpointSetting("/health", "/health")),
        ("POST /api/x", EndpointSetting("POST /api/x", "/api/x", "POST")),
        ("5 get /a?b=c", EndpointSetting("/a", "/a?b=c", weight=5)),
        ("7 /a", EndpointSetting("/a", "/a", weight=7)),
        ("http://h/x", EndpointSetting("http://h/x", "http://h/x")),
    ],
)
def test_an_endpoint_flag_has_weight_method_and_path(text: str, expected: EndpointSetting) -> None:
    assert parse_endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", 'write it as "[WEIGHT] [METHOD] PATH", such as "5 GET /api/v2/hello"'),
        ("GET /a /b", 'write it as "[WEIGHT] [METHOD] PATH", such as "5 GET /api/v2/hello"'),
        ("health", "write a path that begins with /, or a whole http or https URL"),
        ("//evil/x", "write a path that begins with /, or a whole http or https URL"),
        ("http://h/a b", "a path or URL has no blank in it: write %20 for one"),
        ("2 /a b", "a path or URL has no blank in it: write %20 for one"),
        ("FETCH /a", "not a method: write one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        ("0 /a", "a weight is a whole number from 1 to 1,000,000"),
        ("/a#b", "a URL here has no #fragment: a fragment never reaches a server"),
        ("/<id>", "still a placeholder: put the real value in its place"),
        ("http://u:p@h/", "a URL here has neither user nor password; put them into an Authorization header"),
    ],
)
def test_a_bad_endpoint_flag_says_how_to_write_it(text: str, remedy: str) -> None:
    _, problems = read_settings(None, {"endpoint": (text,)}, {})
    assert [problem.remedy for problem in problems] == [remedy]
    assert problems[0].key == "--endpoint"


def test_a_plan_file_lists_targets(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    health, snapshot = load_settings(None, {}, {}, None, plan).endpoints
    assert health == EndpointSetting("/health", "/health")
    assert snapshot == EndpointSetting(
        name="make a snapshot",
        place="https://other.example/api/snapshots?x=1",
        method="POST",
        headers=(("Accept", "application/json"), ("X-Api-Key", Secret("k-12345"))),
        body=b'{"a": 1}',
        weight=3,
        expected=(2, 4),
    )


def test_flags_replace_the_plan_files_targets(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    settings = load_settings(None, {"endpoint": ("/a", "/a")}, {}, None, plan)
    assert [endpoint.name for endpoint in settings.endpoints] == ["/a", "/a #2"]


def test_every_problem_of_every_target_is_named(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[[target]]\nurl = "x"\nweight = 0\nspeed = 3\n[[target]]\nmethod = "GET"\n'
        '[[target]]\nurl = "/a"\nexpected = [9]\nheaders = { "Bad Name" = "v" }\nbody = 3\nname = ""\n'
    )
    _, problems = read_settings(None, {}, {}, None, plan)
    keys = "name, method, url, headers, body, weight, expected, query, expect, follow, cookies, compressed"
    assert [str(problem) for problem in problems] == [
        f"plan.toml: target 1.speed: unknown key; a target has {keys}",
        "plan.toml: target 1.url = 'x': write a path that begins with /, or a whole http or https URL",
        "plan.toml: target 1.weight = '0': a weight is a whole number from 1 to 1,000,000",
        "plan.toml: target 2.url: missing: give a path below the base URL or a whole URL",
        "plan.toml: target 3.name = '': a name is one line of text",
        'plan.toml: target 3.headers: not a header: write it as "Name: value"',
        "plan.toml: target 3.body: a body is a text",
        "plan.toml: target 3.expected = '[9]': write the status classes that are successes, such as [2, 3]",
    ]


def test_targets_must_be_tables(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('target = "/health"\n')
    _, problems = read_settings(None, {}, {}, None, plan)
    assert [str(problem) for problem in problems] == ["target (plan.toml): write it as [[target]] tables"]


def test_a_url_of_the_command_line_is_also_the_base() -> None:
    settings = load_settings(None, {"url": ("http://127.0.0.1:8080/a?b=1", "http://127.0.0.1:8080/c")}, {})
    assert settings.base_url == "http://127.0.0.1:8080"
    assert [endpoint.place for endpoint in settings.endpoints] == [
        "http://127.0.0.1:8080/a?b=1",
        "http://127.0.0.1:8080/c",
    ]


def test_a_url_of_the_command_line_is_the_base_whatever_the_environment_has() -> None:
    settings = load_settings(None, {"url": ("http://127.0.0.1:8080/a",)}, {"LOAD_BASE_URL": "https://prod.example/"})
    assert settings.base_url == "http://127.0.0.1:8080"


def test_userinfo_of_a_url_of_the_command_line_is_its_authorization() -> None:
    settings = load_settings(None, {"url": ("http://u:secret@127.0.0.1/a",)}, {})
    assert settings.endpoints[0].place == "http://127.0.0.1/a"
    assert settings.endpoints[0].headers == (("Authorization", Secret("Basic dTpzZWNyZXQ=")),)
    assert Secret("dTpzZWNyZXQ=") in settings.secrets


def test_method_header_and_body_shape_every_endpoint() -> None:
    flags = {"endpoint": ("/a", "/b"), "method": "put", "header": ("X-Id: 7", "Cookie: s=1"), "body": "hello"}
    for endpoint in load_settings(None, flags, {}).endpoints:
        assert (endpoint.method, endpoint.body) == ("PUT", b"hello")
        assert endpoint.headers == (("X-Id", "7"), ("Cookie", Secret("s=1")))


def test_a_shape_without_endpoints_is_that_of_the_base_url() -> None:
    (endpoint,) = load_settings(None, {"method": "HEAD"}, {}).endpoints
    assert (endpoint.place, endpoint.method) == ("", "HEAD")


def test_a_bad_header_is_reported_without_its_value() -> None:
    _, problems = read_settings(None, {"header": ("X-Token: a\nb", "no colon", "X: <value>"), "method": "GRAB"}, {})
    assert [str(problem) for problem in problems] == [
        "--header = 'X-Token': a header value is one line of text",
        "--header = '***': not a header: write it as \"Name: value\"",
        "--header = 'X': still a placeholder: put the real value in its place",
        "--method = 'GRAB': not a method: write one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    ]
