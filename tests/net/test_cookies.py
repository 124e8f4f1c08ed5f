"""Cookies as RFC 6265 has them: when they end, and to which paths they go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loadgen.net.cookies import MOST_COOKIES, Cookies

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class _Wall:
    """A wall clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def _request(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"


def _sent(cookies: Cookies, target: bytes = b"/") -> bytes | None:
    """Return the value of the Cookie header that a request gets."""
    lines = cookies.added_to(_request(target)).split(b"\r\n")
    return next((line.removeprefix(b"Cookie: ") for line in lines if line.startswith(b"Cookie: ")), None)


def _with(*texts: bytes, asked: bytes = b"/", wall: _Wall | None = None) -> Cookies:
    cookies = Cookies(wall or _Wall())
    cookies.take([(b"set-cookie", text) for text in texts], _request(asked))
    return cookies


@pytest.mark.parametrize(
    "attributes",
    [
        b"Expires=Fri, 02 Jan 2026 11:59:59 GMT",
        b"Expires=Thu, 01-Jan-1970 00:00:00 GMT",
        b"expires=Sunday, 06-Nov-94 08:49:37 GMT",
        b"Expires=Sun Nov  6 08:49:37 1994",
        b"Max-Age=0",
        b"Max-Age=-1",
        b"Max-Age=0; Expires=Fri, 02 Jan 2032 00:00:00 GMT",
        b"Max-Age=60; Max-Age=0",
    ],
)
def test_a_cookie_that_ends_in_the_past_is_removed(attributes: bytes) -> None:
    assert _sent(_with(b"id=1", b"id=; " + attributes)) is None


@pytest.mark.parametrize(
    "attributes",
    [
        b"; Expires=Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        b"Expires=Fri, 02 Jan 2026 12:00:01 GMT",
        b"Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60",
        b"Max-Age=" + b"9" * 5000,
        b"Max-Age=",
        b"Max-Age=soon",
        b"Max-Age=0.5",
        b"Expires=never",
        b"Expires=Wed, 21 Oct 99999 07:28:00 GMT",
        b"Comment=1970",
    ],
)
def test_a_cookie_without_an_end_in_the_past_is_kept(attributes: bytes) -> None:
    assert _sent(_with(b"id=1; " + attributes)) == b"id=1"


def test_a_cookie_is_sent_until_its_end_and_not_after() -> None:
    wall = _Wall()
    cookies = _with(b"brief=1; Max-Age=60", b"long=2", wall=wall)

    wall.now = NOON + timedelta(seconds=59)
    assert _sent(cookies) == b"brief=1; long=2"

    wall.now = NOON + timedelta(seconds=60)
    assert _sent(cookies) == b"long=2"


@pytest.mark.parametrize("asked", [b"/shop/cart/add?to=/a/b", b"http://a:80/shop/cart/add"])
def test_a_cookie_without_a_path_has_the_directory_of_its_request(asked: bytes) -> None:
    cookies = _with(b"id=1", b"other=2; Path=relative", asked=asked)

    assert _sent(cookies, b"/shop/cart") == b"id=1; other=2"
    assert _sent(cookies, b"http://a/shop/cart/list?x=1") == b"id=1; other=2"
    assert _sent(cookies, b"/shop") is None
    assert _sent(cookies, b"/shop/cartoon") is None


def test_the_cookies_of_longer_paths_come_first() -> None:
    cookies = _with(b"id=1; Path=/", b"id=2; Path=/a")

    assert _sent(cookies, b"/a/b") == b"id=2; id=1"
    assert _sent(cookies, b"http://a") == b"id=1"


def test_cookies_that_have_ended_make_room_for_new_ones() -> None:
    wall = _Wall()
    cookies = _with(*(b"c%d=1; Max-Age=1" % number for number in range(MOST_COOKIES)), b"beyond=1", wall=wall)
    assert b"beyond" not in (_sent(cookies) or b"")

    wall.now = NOON + timedelta(seconds=2)
    cookies.take([(b"set-cookie", b"new=1")], _request(b"/"))

    assert _sent(cookies) == b"new=1"
