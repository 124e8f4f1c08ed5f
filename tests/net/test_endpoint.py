"""Request bytes and judgement."""

from __future__ import annotations

import pytest

from loadgen.core.outcome import Outcome
from loadgen.net.endpoint import MOST_HEADS, Endpoint, Origin, build_request, expected_classes, parse_url


def test_a_get_has_exactly_these_bytes() -> None:
    assert build_request("GET", "http://host.example/a?b=c", [], b"", "loadgen/1") == (
        b"GET /a?b=c HTTP/1.1\r\nHost: host.example\r\nUser-Agent: loadgen/1\r\nAccept: */*\r\n\r\n"
    )


def test_a_post_names_its_length_and_given_headers_replace_ours() -> None:
    headers = [("Host", "other"), ("user-agent", "mine"), ("Authorization", "Bearer x")]

    assert build_request("POST", "https://h:8443/", headers, b"{}", "loadgen/1") == (
        b"POST / HTTP/1.1\r\nAccept: */*\r\nContent-Length: 2\r\n"
        b"Host: other\r\nuser-agent: mine\r\nAuthorization: Bearer x\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("url", "origin", "target", "host"),
    [
        ("http://h", Origin(False, "h", 80), "/", "h"),
        ("https://H:443/x", Origin(True, "h", 443), "/x", "h"),
        ("http://h:8080/a b?q=ä#part", Origin(False, "h", 8080), "/a%20b?q=%C3%A4", "h:8080"),
        ("http://[::1]:81/", Origin(False, "::1", 81), "/", "[::1]:81"),
        ("http://bücher.example/", Origin(False, "xn--bcher-kva.example", 80), "/", "xn--bcher-kva.example"),
    ],
)
def test_a_url_is_taken_apart(url: str, origin: Origin, target: str, host: str) -> None:
    assert parse_url(url) == (origin, target, host)


@pytest.mark.parametrize("url", ["ftp://h/", "/path", "http:///x", ""])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an absolute http or https URL"):
        parse_url(url)


@pytest.mark.parametrize("header", [("A", "b\r\nC: d"), ("A b", "c"), ("", "c"), ("A:", "c")])
def test_a_header_that_would_break_the_message_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="has a character that cannot be sent"):
        build_request("GET", "http://h/", [header], b"", "a")


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (200, (2, 3), Outcome.OK),
        (302, (2, 3), Outcome.OK),
        (302, (2,), Outcome.UNEXPECTED_REDIRECT),
        (404, (2, 4), Outcome.OK),
        (404, (2,), Outcome.HTTP_4XX),
        (407, (2,), Outcome.HTTP_4XX),
        (407, (2, 4), Outcome.OK),
        (500, (2,), Outcome.HTTP_5XX),
        (200, (3,), Outcome.UNEXPECTED_STATUS),
        (999, (2,), Outcome.UNEXPECTED_STATUS),
    ],
)
def test_a_status_is_judged_by_the_expected_classes(status: int, expected: tuple[int, ...], outcome: Outcome) -> None:
    assert Endpoint(0, 0, b"", is_head=False, expected=expected_classes(expected)).judge(status) is outcome


@pytest.mark.parametrize("expected", [(2,), (2, 4)])
def test_a_407_is_the_proxys_where_the_request_went_to_one(expected: tuple[int, ...]) -> None:
    endpoint = Endpoint(0, 0, b"", is_head=False, expected=expected_classes(expected), whole=True)

    assert endpoint.judge(407) is Outcome.PROXY_DENIED


def test_the_memory_of_heads_is_bounded() -> None:
    endpoint = Endpoint(0, 0, b"", is_head=False, expected=frozenset({2}))

    for number in range(3 * MOST_HEADS):
        endpoint.remember(b"%d" % number, 1, 0)

    assert len(endpoint.heads) <= MOST_HEADS


def test_impossible_classes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"1 to 5, not \[0, 2\]"):
        expected_classes((0, 2))
