"""Requests from a HAR file, the archive that browsers' network panels save (HAR 1.2). Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loadgen.core.endpoint_setting import METHODS
from loadgen.core.errors import InputError, Problem
from loadgen.plan.imports.model import Found, FoundRequest, sendable, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def from_har(document: object, hosts: Iterable[str] = ()) -> Found:
    """Return the requests to the given hosts, or to the host of the first request; equal ones together.

    `hosts` are names with their port where it is not the usual one. Entries that a load cannot repeat (other schemes,
    methods unknown here, bodies that are not text) are left out and counted in the notes. Raises InputError when it is
    not a HAR file or nothing is left.
    """
    entries = _entries(document)
    left_out: Counter[str] = Counter()
    found: list[FoundRequest] = []
    wanted = {host.lower() for host in hosts}
    for entry in entries:
        request = entry.get("request") if isinstance(entry, dict) else None
        one = _request(request if isinstance(request, dict) else {}, left_out)
        if one is None:
            continue
        host = urlsplit(one.url).netloc.lower()
        wanted = wanted or {host}
        if host in wanted:
            found.append(one)
        else:
            left_out[f"to {host}"] += 1
    notes = tuple(f"{count:,} left out: {why}" for why, count in sorted(left_out.items()))
    if not found:
        reasons = "; ".join(notes) or "it has no entries"
        raise InputError([Problem("HAR", None, f"no request is left: {reasons}")])
    return Found(together(tuple(found)), notes=notes)


def _entries(document: object) -> list[Any]:
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise InputError([Problem("HAR", None, "is no HAR file: it has no log.entries")])
    return entries


def _request(request: Mapping[str, Any], left_out: Counter[str]) -> FoundRequest | None:
    method, url = str(request.get("method", "")).upper(), str(request.get("url", "")).partition("#")[0]
    if not url.lower().startswith(("http://", "https://")):
        left_out[f"scheme {url.partition(':')[0] or 'missing'}"] += 1
        return None
    if method not in METHODS:
        left_out[f"method {method or 'missing'}"] += 1
        return None
    body = _body(request.get("postData"))
    if body is None:
        left_out["a body that is not text"] += 1
        return None
    given = request.get("headers")
    headers = tuple(
        (str(one["name"]), str(one["value"]))
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict) and "name" in one and "value" in one
    )
    return FoundRequest(method, url, sendable(headers), body)


def _body(data: object) -> str | None:
    """Return the body as text, None where the archive does not hold it so."""
    if not isinstance(data, dict):
        return ""
    text = data.get("text")
    if isinstance(text, str) and data.get("encoding") != "base64":
        return text
    return None if data.get("params") or text else ""
