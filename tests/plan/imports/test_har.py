from __future__ import annotations

from typing import Any

import pytest

from loadgen.core.errors import InputError
from loadgen.plan.imports.har import from_har


def entry(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": method, "url": url, **more}}


def har(*entries: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "entries": list(entries)}}


def test_the_requests_of_the_first_host_are_taken_and_counted() -> None:
    found = from_har(
        har(
            entry("https://h/a?x=1#top", headers=[{"name": ":method", "value": "GET"}, {"name": "A", "value": "1"}]),
            entry("https://cdn/lib.js"),
            entry("https://h/a?x=1"),
            entry("https://h/b", "POST", postData={"mimeType": "application/json", "text": "{}"}),
            entry("https://cdn/lib.css"),
            entry("wss://h/live"),
            entry("https://h/", "CONNECT"),
            entry("https://h/up", "POST", postData={"mimeType": "multipart/form-data", "params": [{"name": "f"}]}),
        )
    )

    assert [(one.method, one.url, one.body, one.weight) for one in found.requests] == [
        ("GET", "https://h/a?x=1", "", 2),
        ("POST", "https://h/b", "{}", 1),
    ]
    assert found.requests[0].headers == (("A", "1"),)
    assert found.notes == (
        "1 left out: a body that is not text",
        "1 left out: method CONNECT",
        "1 left out: scheme wss",
        "2 left out: to cdn",
    )


def test_other_hosts_are_taken_when_they_are_named() -> None:
    found = from_har(har(entry("https://a/1"), entry("https://B/2"), entry("https://c/3")), ["a", "b"])
    assert [one.url for one in found.requests] == ["https://a/1", "https://B/2"]


@pytest.mark.parametrize("document", [None, [], {}, {"log": {}}, {"log": {"entries": {}}}])
def test_what_is_no_har_file_is_refused(document: object) -> None:
    with pytest.raises(InputError, match=r"is no HAR file: it has no log\.entries"):
        from_har(document)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (har(), "it has no entries"),
        (har("x", {"request": None}, {}), "3 left out: scheme missing"),
        (har(entry("https://h/")), "1 left out: to h"),
    ],
)
def test_a_har_file_with_nothing_to_send_says_why(document: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        from_har(document, ["other"])
