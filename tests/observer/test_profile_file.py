"""Metric profiles: the bundled ones are sound, and everything wrong with a user's own is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from observer.exposition import Series
from observer.profile import Matcher, Selector, status_class
from observer.profile_file import BUNDLED, load_profile, parse_profile, parse_selector

if TYPE_CHECKING:
    from pathlib import Path


def problems_of(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_profile(text, "own")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_profile_is_sound(name: str) -> None:
    profile = load_profile(name)
    assert profile.metrics["requests"]
    assert profile.mandatory
    assert not set(profile.mandatory) & set(profile.not_applicable)


def test_the_mandatory_lists_are_the_documented_ones() -> None:
    documented = {"success", "p95", "p99", "effective_fallback", "error", "memory", "cache_hit"}
    assert set(load_profile("metasheet").mandatory) == documented
    assert set(load_profile("prometheus-http").mandatory) == {"success", "p95", "p99", "error", "memory"}


def test_what_a_profile_cannot_feed_is_not_applicable() -> None:
    assert load_profile("metasheet").not_applicable == ()
    expected = ("raw_fallback", "effective_fallback", "plugin_reload", "snapshot")
    assert load_profile("prometheus-http").not_applicable == expected


def test_a_users_own_file_is_loaded_by_path(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text('title = "Shop"\n[[requests]]\ntotal = "shop_requests_total"\nby = "code"\n')
    profile = load_profile(str(path))
    assert (profile.name, profile.title) == ("shop", "Shop")
    assert profile.metrics["requests"][0].by == ("code",)


def test_a_name_that_is_neither_bundled_nor_a_file_is_told_what_there_is() -> None:
    with pytest.raises(InputError, match=r"neither a bundled metric profile \(metasheet, prometheus-http, relay\)"):
        load_profile("metasheat")


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    text = """
title = 7
mandatory = ["success", "speed", "cache_hit"]
requsts = []
[[requests]]
totl = "x"
by = 3
scale = -1
[[latency]]
histogram = "no spaces please"
[[plugin_reload]]
success = 'a{b=~"("}'
failure = 'a{b}'
next_when_zero = "yes"
[memory]
value = "m"
"""
    found = problems_of(text)
    for expected in (
        "metric profile own: requsts: unknown; a profile has title, mandatory, requests",
        "metric profile own: title = 7: must be a text",
        "mandatory = 'speed': unknown; choose from success, p95",
        "mandatory = 'cache_hit': this profile has no cache to feed it",
        "requests[0].totl: unknown; a source of requests has total",
        "requests[0].total: missing: one selector, or a list of them",
        "requests[0].by = '3': must be a label name, or a list of them",
        "requests[0].scale = '-1': must be a number greater than 0",
        "latency[0].histogram = 'no spaces please': not a selector",
        """plugin_reload[0].success = 'a{b=~"("}': not a regular expression: '('""",
        "plugin_reload[0].failure = 'a{b}': not a label condition: 'b'",
        "plugin_reload[0].next_when_zero = 'yes': must be true or false",
        "memory: write one or more [[memory]] tables",
    ):
        assert any(expected in problem for problem in found), (expected, found)


def test_a_profile_without_requests_is_refused() -> None:
    assert problems_of('[[memory]]\nvalue = "m"\n') == [
        "metric profile own: requests: missing: without it no rate can be computed"
    ]


def test_words_must_map_to_status_classes() -> None:
    text = '[[requests]]\ntotal = "a"\nby = "r"\nwords = { ok = "good" }\n'
    assert "must map status words to one of 1xx, 2xx, 3xx, 4xx, 5xx" in problems_of(text)[0]


def test_text_that_is_no_toml_is_named() -> None:
    assert "not TOML" in problems_of("[[requests")[0]


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("a", {"x": "1"}, True),
        ('a{x="1"}', {"x": "1"}, True),
        ('a{x="1"}', {"x": "2"}, False),
        ('a{x!="1"}', {}, True),
        ('a{x=""}', {}, True),
        ('a{x=~"1|2", y!~"b.*"}', {"x": "2", "y": "c"}, True),
        ('a{x=~"1|2", y!~"b.*"}', {"x": "2", "y": "bc"}, False),
        ('a{x=~"1"}', {"x": "11"}, False),
    ],
)
def test_selectors_match_as_in_promql(text: str, labels: dict[str, str], holds: bool) -> None:
    assert parse_selector(text).holds(labels) is holds


def test_a_selector_writes_itself_so_that_it_reads_back() -> None:
    selector = Selector("a", (Matcher("x", "=", 'q"\\\n'), Matcher("y", "=~", "b|c")))
    assert parse_selector(str(selector)) == selector


@pytest.mark.parametrize(
    ("value", "expected"),
    [("200", "2xx"), ("4XX", "4xx"), ("599", "5xx"), ("OK", "2xx"), ("", "other"), ("600", "other"), ("20", "other")],
)
def test_statuses_have_classes(value: str, expected: str) -> None:
    assert status_class(value, {"ok": "2xx"}) == expected


def test_a_series_tells_its_identity_by_sorted_labels() -> None:
    assert Series("a", {"y": "2", "x": "1"}).identity == ("a", (("x", "1"), ("y", "2")))
