"""The text of a plan file for imported requests. Pure.

Law: a credential is not written unless it is asked for; where one was, a comment says how to give it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.plan.imports.model import is_credential

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.plan.imports.model import Found, FoundRequest


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan file; `left_out` are the names of credential headers that it does not hold."""

    text: str
    left_out: tuple[str, ...]


def plan_text(found: Found, source: str, *, keep_credentials: bool = False) -> PlanText:
    """Return the plan file of an import; `source` names where it came from."""
    origins = Counter(request.origin for request in found.requests)
    base, left_out = origins.most_common(1)[0][0], _credentials(found.requests)
    lines = [f"# {len(found.requests)} requests of {source}"]
    if left_out and not keep_credentials:
        lines.append("# Credentials are not in this file. Give them when it is used:")
        lines += [f"#   {how_to_give(name)}" for name in left_out]
    lines.append(f"base_url = {quoted(base)}")
    lines += [f"{key} = {quoted(value)}" for key, value in found.settings.items()]
    for request in found.requests:
        lines += ["", *_target(request, base, keep_credentials)]
    return PlanText("\n".join(lines) + "\n", () if keep_credentials else left_out)


def how_to_give(name: str) -> str:
    """Return how a credential header is given when the plan is used."""
    if name.lower() == "authorization":
        return "Authorization: --jwt-file FILE for a bearer token, else --header 'Authorization: …'"
    return f"{name}: --header '{name}: …'"


def _credentials(requests: Sequence[FoundRequest]) -> tuple[str, ...]:
    names = {name.lower(): name for one in requests for name, value in one.headers if is_credential(name, value)}
    return tuple(names.values())


def _target(request: FoundRequest, base: str, keep_credentials: bool) -> Iterator[str]:
    yield "[[target]]"
    if request.name:
        yield f"name = {quoted(request.name)}"
    if request.method != "GET":
        yield f"method = {quoted(request.method)}"
    yield f"url = {quoted(no_fields(request.place if request.origin == base else request.url))}"
    if request.weight != 1:
        yield f"weight = {request.weight}"
    headers = [pair for pair in request.headers if keep_credentials or not is_credential(*pair)]
    if headers:
        pairs = (f"{quoted(name)} = {quoted(no_fields(value))}" for name, value in _single(headers))
        yield "headers = { " + ", ".join(pairs) + " }"
    if request.body:
        yield f"body = {quoted(no_fields(request.body))}"


def _single(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers with one line each: a table has a name once, so values of the same name are listed in it."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        known = found.get(name.lower())
        joint = "; " if name.lower() == "cookie" else ", "
        found[name.lower()] = (name, value) if known is None else (known[0], known[1] + joint + value)
    return list(found.values())


def no_fields(text: str) -> str:
    """Return a text in which a plan file sees no `${...}` field.

    >>> no_fields("${HOME}")
    '$${HOME}'
    """
    return text.replace("${", "$${")


def quoted(value: str | bool) -> str:
    r"""Write a value as TOML.

    >>> print(quoted('a "b"\n'), quoted(True))
    "a \"b\"\n" true
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
