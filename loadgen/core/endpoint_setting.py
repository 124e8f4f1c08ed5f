"""What the user asks to be requested: one endpoint as a flag or a `[[target]]` table of a plan file gives it.

Law: an endpoint's place is a path below the base URL, or an absolute URL without userinfo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from loadgen.core.errors import Problem
from loadgen.core.expectation import Expectation, read_expectations
from loadgen.core.redact import Redactor, Secret, is_secret_key
from loadgen.core.setting_readers import (
    PLACEHOLDER_REMEDY,
    is_placeholder,
    read_header_name,
    read_header_value,
    read_url,
)
from loadgen.core.template import has_fields, parse_template, without_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCEPT_ENCODING: tuple[tuple[str, Secret | str], ...] = (("Accept-Encoding", "gzip, deflate"),)
"""What a target that asks for compression sends."""

MOST_HOPS = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_HIGHEST_WEIGHT = 1_000_000


@dataclass(frozen=True, slots=True)
class EndpointSetting:
    """One endpoint: `place` is a path or an absolute URL; `expected` status classes, None for what preflight sees.

    `templated` says that place, headers or body have `${...}` fields.
    """

    name: str
    place: str
    method: str = "GET"
    headers: tuple[tuple[str, Secret | str], ...] = ()
    body: bytes = b""
    weight: int = 1
    expected: tuple[int, ...] | None = None
    expect: tuple[Expectation, ...] = ()
    follow: int = 0
    cookies: bool = False
    templated: bool = False


def header_pair(name: str, value: str) -> tuple[str, Secret | str]:
    """Return a checked header; its value is a Secret where the name or the value looks like one.

    Raises ValueError when it is not a header.
    """
    name, value = read_header_name(name), read_header_value(value)
    if has_fields(value):
        parse_template(value)
    if is_placeholder(value):
        raise ValueError(PLACEHOLDER_REMEDY)
    secret = is_secret_key(name.replace("-", "_")) or Redactor().text(value) != value
    return name, Secret(value) if secret else value


def parse_header_flag(text: str) -> tuple[str, Secret | str]:
    """Read `Name: value` of a --header flag."""
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError('not a header: write it as "Name: value"')
    return header_pair(name, value)


def parse_endpoint(text: str) -> EndpointSetting:
    """Read `[WEIGHT] [METHOD] PATH-or-URL`, such as `/health`, `POST /api/snapshots` or `5 GET /api/v2/hello`.

    Raises ValueError with what is accepted.
    """
    words = text.split()
    weight, method = 1, "GET"
    if len(words) > 1 and words[0].isdecimal():
        weight = _weight(int(words.pop(0)))
    if len(words) > 1 and "/" in words[0]:
        raise ValueError("a path or URL has no blank in it: write %20 for one")
    if len(words) > 1:
        method = read_method(words.pop(0))
    if len(words) != 1:
        raise ValueError('write it as "[WEIGHT] [METHOD] PATH", such as "5 GET /api/v2/hello"')
    place = _place(words[0])
    return EndpointSetting(_default_name(method, place), place, method, weight=weight)


def parse_target_table(number: int, table: object, label: str) -> tuple[EndpointSetting | None, list[Problem]]:
    """Read the `number`-th `[[target]]` of a plan file; `label` names the file in problems."""
    where = f"{label}: target {number}"
    if not isinstance(table, dict):
        return None, [Problem(where, None, "write it as a [[target]] table")]
    problems = [
        Problem(f"{where}.{key}", None, f"unknown key; a target has {', '.join(_KEYS)}")
        for key in table
        if key not in _KEYS
    ]
    if "url" not in table:
        problems.append(Problem(f"{where}.url", None, "missing: give a path below the base URL or a whole URL"))
    values: dict[str, Any] = {}
    for key, read in _KEYS.items():
        if key in table:
            try:
                values[key] = read(table[key])
            except ValueError as error:
                problems.append(Problem(f"{where}.{key}", _shown(key, table[key]), str(error)))
    if problems:
        return None, problems
    return _from_values(values), []


def _from_values(values: Mapping[str, Any]) -> EndpointSetting:
    method, place = values.get("method", "GET"), values["url"]
    return EndpointSetting(
        name=values.get("name") or _default_name(method, place),
        place=_with_query(place, values.get("query", {})),
        method=method,
        headers=values.get("headers", ()) + (ACCEPT_ENCODING if values.get("compressed") else ()),
        body=values.get("body", b""),
        weight=values.get("weight", 1),
        expected=values.get("expected"),
        expect=values.get("expect", ()),
        follow=values.get("follow", 0),
        cookies=values.get("cookies", False),
    )


def _shown(key: str, value: object) -> str | None:
    return None if key in ("headers", "body") else Redactor().text(str(value))


def _default_name(method: str, place: str) -> str:
    path = place.partition("?")[0]
    return path if method == "GET" else f"{method} {path}"


def read_method(text: object) -> str:
    """Read an HTTP method in any case; raise ValueError for one that is not in METHODS."""
    method = str(text).upper()
    if method not in METHODS:
        raise ValueError(f"not a method: write one of {', '.join(METHODS)}")
    return method


def _weight(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _HIGHEST_WEIGHT:
        raise ValueError(f"a weight is a whole number from 1 to {_HIGHEST_WEIGHT:,}")
    return value


def _place(value: object) -> str:
    text = str(value).strip()
    if is_placeholder(text):
        raise ValueError(PLACEHOLDER_REMEDY)
    if has_fields(text):
        plain = without_fields(text)
        if not text.startswith("/") and origin_part(text) != origin_part(plain):
            raise ValueError("a field stands in the path or the query, not in the scheme, host or port")
        _place(plain.replace("${", "%24%7B"))
        return text
    if text.startswith("/") and not text.startswith("//"):
        read_url("http://h" + text)
        return text
    if not text.lower().startswith(("http://", "https://")):
        raise ValueError("write a path that begins with /, or a whole http or https URL")
    address = read_url(text)
    if address.basic is not None:
        raise ValueError("a URL here has neither user nor password; put them into an Authorization header")
    return address.url


def _name(value: object) -> str:
    text = str(value).strip()
    if not text or not text.isprintable():
        raise ValueError("a name is one line of text")
    return text


def _headers(value: object) -> tuple[tuple[str, Secret | str], ...]:
    if not isinstance(value, dict):
        raise ValueError('write headers as a table: headers = { Accept = "application/json" }')
    return tuple(header_pair(str(name), str(text)) for name, text in value.items())


def _body(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("a body is a text")
    if has_fields(value):
        parse_template(value)
    return value.encode()


def origin_part(url: str) -> str:
    """Return what comes before the path of an absolute URL."""
    return "/".join(url.split("/", 3)[:3]).partition("?")[0]


def _query(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
        raise ValueError('write a query as a table: query = { page = "${int:1:9}" }')
    texts = {str(name): str(item).lower() if isinstance(item, bool) else str(item) for name, item in value.items()}
    for text in texts.values():
        parse_template(text)
    return texts


def _with_query(place: str, query: Mapping[str, str]) -> str:
    """Return a place with a query table after its own query; what is no field is percent-encoded."""
    pairs = [f"{quote(name, safe='')}={_quoted(text)}" for name, text in query.items()]
    if not pairs:
        return place
    return place + ("&" if "?" in place else "?") + "&".join(pairs)


def _quoted(text: str) -> str:
    parts = parse_template(text)
    return "".join(quote(part, safe="") if isinstance(part, str) else f"${{{part.text}}}" for part in parts)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def read_hops(value: object) -> int:
    """Read how many redirects are followed for one request; raise ValueError outside 0 to MOST_HOPS."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"\d{1,2}", str(value)):
        raise ValueError(f"write a whole number from 0 to {MOST_HOPS}")
    if int(value) > MOST_HOPS:
        raise ValueError(f"at most {MOST_HOPS} redirects are followed")
    return int(value)


def _expected(value: object) -> tuple[int, ...]:
    classes = value if isinstance(value, list) else [value]
    if not classes or any(isinstance(item, bool) or item not in (1, 2, 3, 4, 5) for item in classes):
        raise ValueError("write the status classes that are successes, such as [2, 3]")
    return tuple(sorted(set(classes)))


_KEYS: dict[str, Callable[[object], Any]] = {
    "name": _name,
    "method": read_method,
    "url": _place,
    "headers": _headers,
    "body": _body,
    "weight": _weight,
    "expected": _expected,
    "query": _query,
    "expect": read_expectations,
    "follow": read_hops,
    "cookies": _yes_or_no,
    "compressed": _yes_or_no,
}
