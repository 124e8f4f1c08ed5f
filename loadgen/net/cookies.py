"""The cookies of one connection, as RFC 6265 has a user agent keep them.

Laws: the last attribute of a name counts; Max-Age wins over Expires; one that cannot be read is as if it were not
there; a cookie that has ended is not sent. Domain and Secure have no meaning: a connection has one origin.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from loadgen.core.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.net.judge import Headers

MOST_COOKIES = 64
_ENDED = datetime.min.replace(tzinfo=UTC)
_LONGEST_AGE_DIGITS = 9


class _Kept(NamedTuple):
    """A cookie's value and when it ends, None for never."""

    value: bytes
    ends: datetime | None


class Cookies:
    """At most `MOST_COOKIES` cookies, by name and path; what comes beyond them is not kept. `now` is the wall clock."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._kept: dict[tuple[bytes, bytes], _Kept] = {}
        self._now = now

    def take(self, headers: Headers, request: bytes) -> None:
        """Keep or remove what the Set-Cookie headers of the answer to a request say."""
        for header, value in headers:
            if header == b"set-cookie":
                self._take_one(value, request)

    def _take_one(self, text: bytes, request: bytes) -> None:
        pair, *attributes = text.split(b";")
        name, equals, value = pair.partition(b"=")
        name = name.strip()
        if not equals or not name:
            return
        path = b""
        by_age = by_date = None
        for attribute in attributes:
            key, _, given = (part.strip() for part in attribute.partition(b"="))
            key = key.lower()
            if key == b"path":
                path = given
            elif key == b"max-age":
                by_age = self._after(given) or by_age
            elif key == b"expires":
                by_date = _date(given) or by_date
        place = (name, path if path.startswith(b"/") else _directory(_path_of(request)))
        self._keep(place, _Kept(value.strip(), by_age or by_date))

    def _keep(self, place: tuple[bytes, bytes], cookie: _Kept) -> None:
        if cookie.ends is not None and cookie.ends <= self._now():
            self._kept.pop(place, None)
            return
        if place not in self._kept and len(self._kept) >= MOST_COOKIES:
            self._drop_ended()
        if place in self._kept or len(self._kept) < MOST_COOKIES:
            self._kept[place] = cookie

    def _after(self, age: bytes) -> datetime | None:
        """Return when a Max-Age is over; None for what is no whole number."""
        digits = age.removeprefix(b"-")
        if not digits.isdigit():
            return None
        if digits != age or not digits.strip(b"0"):
            return _ENDED
        return self._now() + timedelta(seconds=int(digits[:_LONGEST_AGE_DIGITS]))

    def _drop_ended(self) -> None:
        now = self._now()
        self._kept = {place: one for place, one in self._kept.items() if one.ends is None or one.ends > now}

    def added_to(self, request: bytes) -> bytes:
        """Return a request with a Cookie header of what belongs to its path, the longest paths first."""
        if any(one.ends is not None for one in self._kept.values()):
            self._drop_ended()
        if not self._kept:
            return request
        asked = _path_of(request)
        mine = [(path, name + b"=" + one.value) for (name, path), one in self._kept.items() if _below(asked, path)]
        if not mine:
            return request
        mine.sort(key=lambda item: -len(item[0]))
        line = b"\r\nCookie: " + b"; ".join(pair for _, pair in mine)
        end = request.index(b"\r\n\r\n")
        return request[:end] + line + request[end:]


def _date(text: bytes) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text.decode("latin-1"))
    except (ValueError, OverflowError):  # the second where a year has twenty digits
        return None
    return moment.replace(tzinfo=UTC)  # RFC 6265 takes every date as UTC, whatever zone it names


def _path_of(request: bytes) -> bytes:
    """Return the path that a request asks for, also where it names a whole URL, as a proxy wants it."""
    target = request.split(b" ", 2)[1].partition(b"?")[0]
    if target.startswith(b"/"):
        return target
    _, slash, path = target.partition(b"://")[2].partition(b"/")
    return slash + path or b"/"


def _directory(path: bytes) -> bytes:
    """Return the path up to its last slash, which is the path of a cookie that names none."""
    return path.rpartition(b"/")[0] or b"/"


def _below(asked: bytes, path: bytes) -> bool:
    return asked == path or asked.startswith(path if path.endswith(b"/") else path + b"/")
