"""Requests from an OpenAPI document (Swagger 2.0, OpenAPI 3.x): one for each operation. Pure.

Parameters and bodies take the examples and defaults of the document, and where there are none a value of the schema.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from loadgen.core.endpoint_setting import METHODS
from loadgen.core.errors import InputError, Problem
from loadgen.plan.imports.model import Found, FoundRequest, sendable
from loadgen.plan.imports.schema_example import Document, example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READING = ("GET", "HEAD", "OPTIONS")


def from_openapi(content: object, base_url: str = "", *, writes: bool = False) -> Found:
    """Return one request for each operation; those that may write only with `writes`.

    `base_url` replaces the document's server. Raises InputError when it is no OpenAPI document, or says nowhere which
    server it means.
    """
    if not isinstance(content, dict) or not isinstance(content.get("paths"), dict):
        raise InputError([Problem("OpenAPI", None, "is no OpenAPI document: it has no paths")])
    base = base_url or _server(content)
    if not urlsplit(base).scheme.startswith("http"):
        text = "the document names no whole server URL: give --base-url"
        raise InputError([Problem("OpenAPI: servers", base or None, text)])
    document = Document(content)
    found, skipped = [], []
    for method, path, operation in _operations(document):
        if method not in READING and not writes:
            skipped.append(f"{method} {path}")
        else:
            found.append(_request(document, base, method, path, operation))
    notes = []
    if skipped:
        shown = ", ".join(skipped[:5]) + (", …" if len(skipped) > 5 else "")
        notes.append(f"{len(skipped)} left out because they may write (--writes takes them): {shown}")
    if not found:
        raise InputError([Problem("OpenAPI", None, "no operation is left" + "".join(f": {note}" for note in notes))])
    return Found(tuple(found), notes=(*notes, *document.notes))


def _server(content: Mapping[str, Any]) -> str:
    servers = content.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        url = str(servers[0].get("url", ""))
        variables = servers[0].get("variables")
        for name, variable in (variables if isinstance(variables, dict) else {}).items():
            if isinstance(variable, dict):
                url = url.replace("{" + str(name) + "}", str(variable.get("default", "")))
        return url
    if content.get("host"):
        schemes = content.get("schemes") or ["https"]
        return f"{schemes[0]}://{content['host']}{content.get('basePath', '')}"
    return ""


def _operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.content["paths"].items():
        item = document.resolved(item)
        common = item.get("parameters", []) if isinstance(item, dict) else []
        for key, operation in (item if isinstance(item, dict) else {}).items():
            if str(key).upper() in METHODS and isinstance(operation, dict):
                own = operation.get("parameters", [])
                yield str(key).upper(), str(path), {**operation, "parameters": _merged(document, common, own)}


def _merged(document: Document, common: Any, own: Any) -> list[dict[str, Any]]:
    """Return the parameters of an operation: its own replace those of its path with the same place and name."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for parameter in (*common, *own):
        resolved = document.resolved(parameter)
        if isinstance(resolved, dict):
            found[str(resolved.get("in")), str(resolved.get("name"))] = resolved
    return list(found.values())


def _request(document: Document, base: str, method: str, path: str, operation: Mapping[str, Any]) -> FoundRequest:
    name = str(operation.get("operationId") or f"{method} {path}")
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    form: list[tuple[str, str]] = []
    body, kind = _body(document, operation)
    for parameter in operation["parameters"]:
        place, key = parameter.get("in"), str(parameter.get("name"))
        if place == "body":
            body, kind = json.dumps(_value(document, parameter)), "application/json"
        if place != "path" and not parameter.get("required"):
            continue
        text = _text(_value(document, parameter))
        if place == "path":
            path = path.replace("{" + key + "}", quote(text, safe=""))
        elif place == "query":
            query.append((key, text))
        elif place == "header":
            headers.append((key, text))
        elif place == "formData":
            form.append((key, text))
    if form:
        body, kind = urlencode(form), "application/x-www-form-urlencoded"
    if kind:
        headers.append(("Content-Type", kind))
    url = urljoin(base.rstrip("/") + "/", path.lstrip("/")) + (f"?{urlencode(query)}" if query else "")
    return FoundRequest(method, url, sendable(tuple(headers)), body, name)


def _body(document: Document, operation: Mapping[str, Any]) -> tuple[str, str]:
    """Return the body of an OpenAPI 3 operation and its media type; nothing where it has none."""
    content = document.resolved(operation.get("requestBody") or {}).get("content") or {}
    for kind, media in content.items():
        if str(kind).partition(";")[0].endswith("json"):
            return json.dumps(_value(document, media)), str(kind)
        if kind == "application/x-www-form-urlencoded":
            value = _value(document, media)
            return urlencode(value if isinstance(value, dict) else {}), str(kind)
        if str(kind).startswith("text/"):
            return _text(_value(document, media)), str(kind)
    if content:
        document.note(f"bodies of the type {', '.join(map(str, content))} are left empty: fill them in")
    return "", ""


def _value(document: Document, holder: Mapping[str, Any]) -> Any:
    """Return the value of a parameter or media type: its example, its first named one, or one of its schema."""
    if "example" in holder:
        return holder["example"]
    named = holder.get("examples")
    if isinstance(named, dict) and named:
        first = document.resolved(next(iter(named.values())))
        if isinstance(first, dict) and "value" in first:
            return first["value"]
    return example(document, holder.get("schema", holder))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
