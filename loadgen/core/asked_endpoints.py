"""Which endpoints a command asks for: its URLs and --endpoint flags, or else the plan file's targets.

Law: --method, --header and --body shape every endpoint of the command; names are distinct.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.endpoint_setting import (
    ACCEPT_ENCODING,
    EndpointSetting,
    parse_endpoint,
    parse_header_flag,
    parse_target_table,
    read_hops,
    read_method,
)
from loadgen.core.errors import Problem
from loadgen.core.expectation import Expectation, read_expectations
from loadgen.core.redact import Redactor, Secret
from loadgen.core.setting_readers import read_url
from loadgen.core.setting_table import Source
from loadgen.core.template import has_fields, parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from loadgen.core.setting_layers import Given, Layer


@dataclass(frozen=True, slots=True)
class _Shape:
    """What --method, --header and --body say; empty leaves an endpoint as it is."""

    method: str = ""
    headers: tuple[tuple[str, Secret | str], ...] = ()
    body: bytes = b""
    expect: tuple[Expectation, ...] = ()
    follow: int = 0
    cookies: bool = False

    def __bool__(self) -> bool:
        return self != _Shape()

    def applied(self, endpoint: EndpointSetting) -> EndpointSetting:
        return replace(
            endpoint,
            method=self.method or endpoint.method,
            headers=endpoint.headers + self.headers,
            body=self.body or endpoint.body,
            expect=_both(endpoint.expect, self.expect),
            follow=self.follow or endpoint.follow,
            cookies=self.cookies or endpoint.cookies,
        )


def asked_endpoints(layers: Sequence[Layer], problems: list[Problem]) -> tuple[EndpointSetting, ...]:
    """Return the endpoints that the layers ask for; empty means the base URL alone. Adds what is wrong to `problems`.

    URLs and --endpoint flags replace the plan file's targets.
    """
    flags = next((layer.values for layer in layers if layer.source is Source.FLAG), {})
    shape = _read_shape(flags, problems)
    asked = [("URL", text) for text in many(flags.get("url"))]
    asked += [("--endpoint", text) for text in many(flags.get("endpoint"))]
    found = list(_flag_endpoints(asked, problems)) if asked else list(_plan_targets(layers, problems))
    if shape and not found and not asked:
        found = [EndpointSetting("", "")]
    return _with_distinct_names([_marked(shape.applied(endpoint)) for endpoint in found])


def many(given: Given | None) -> tuple[str, ...]:
    """Return what a repeatable flag was given, as a tuple."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else given


def _read_shape(flags: Mapping[str, Given], problems: list[Problem]) -> _Shape:
    method, body = "", b""
    headers: list[tuple[str, Secret | str]] = []
    for text in many(flags.get("header")):
        try:
            headers.append(parse_header_flag(text))
        except ValueError as error:
            problems.append(Problem("--header", text.partition(":")[0] if ":" in text else "***", str(error)))
    if "compressed" in flags:
        headers += ACCEPT_ENCODING
    for text in many(flags.get("method")):
        try:
            method = read_method(text)
        except ValueError as error:
            problems.append(Problem("--method", text, str(error)))
    for text in many(flags.get("body")):
        try:
            parse_template(text)
            body = text.encode()
        except ValueError as error:
            problems.append(Problem("--body", None, str(error)))
    return _Shape(method, tuple(headers), body, *_read_answers(flags, problems))


def _read_answers(flags: Mapping[str, Given], problems: list[Problem]) -> tuple[tuple[Expectation, ...], int, bool]:
    """Read what the flags say about answers: --expect, --follow and --cookies."""
    expect: tuple[Expectation, ...] = ()
    follow = 0
    try:
        expect = read_expectations(list(many(flags.get("expect"))))
    except ValueError as error:
        problems.append(Problem("--expect", None, str(error)))
    for text in many(flags.get("follow")):
        try:
            follow = read_hops(text)
        except ValueError as error:
            problems.append(Problem("--follow", text, str(error)))
    return expect, follow, "cookies" in flags


def _both(first: tuple[Expectation, ...], second: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """Return all expectations; one of the flags takes the place of one of the same name."""
    return tuple({item.name: item for item in (*first, *second)}.values())


def _marked(endpoint: EndpointSetting) -> EndpointSetting:
    """Return an endpoint that knows whether it has fields."""
    values = (value.reveal() if isinstance(value, Secret) else value for _, value in endpoint.headers)
    texts = (endpoint.place, endpoint.body.decode(), *values)
    return replace(endpoint, templated=any(map(has_fields, texts)))


def _flag_endpoints(asked: Iterable[tuple[str, str]], problems: list[Problem]) -> Iterable[EndpointSetting]:
    for label, text in asked:
        try:
            yield _from_url(text) if label == "URL" else parse_endpoint(text)
        except ValueError as error:
            problems.append(Problem(label, Redactor().text(text), str(error)))


def _from_url(text: str) -> EndpointSetting:
    if has_fields(text):
        return parse_endpoint(text)
    address = read_url(text)
    place = address.url
    if address.basic is None:
        return parse_endpoint(place)
    endpoint = parse_endpoint(place)
    return replace(endpoint, headers=(("Authorization", address.basic),))


def _plan_targets(layers: Sequence[Layer], problems: list[Problem]) -> Iterable[EndpointSetting]:
    for layer in layers:
        for number, table in enumerate(layer.targets, 1):
            endpoint, wrong = parse_target_table(number, table, layer.place)
            problems += wrong
            if endpoint is not None:
                yield endpoint


def _with_distinct_names(endpoints: Sequence[EndpointSetting]) -> tuple[EndpointSetting, ...]:
    seen: Counter[str] = Counter()
    distinct = []
    for endpoint in endpoints:
        seen[endpoint.name] += 1
        number = seen[endpoint.name]
        distinct.append(endpoint if number == 1 else replace(endpoint, name=f"{endpoint.name} #{number}"))
    return tuple(distinct)
