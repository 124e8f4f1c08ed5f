"""The few questions that are put to a Prometheus server: an expression's value now, and which rules it has.

Laws: a server that does not answer, or not as Prometheus does, is an error with its address and what to do, never an
empty answer; a credential is sent to the address that was given and nowhere else.
"""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from loadgen.core.errors import InputError, LoadgenError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_BYTES = 32 * 1024 * 1024


class PrometheusError(LoadgenError):
    """The server cannot be asked."""


@dataclass(frozen=True, slots=True)
class Value:
    """One series of an answer and its value."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule as the server has it: `kind` is recording or alerting, `error` what its last evaluation met."""

    kind: str
    name: str
    error: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: a credential is for the address that was given."""


class Prometheus:
    """A server at a base URL. `header` is the whole `Name: value` that is sent along, empty for none."""

    def __init__(self, url: str, *, header: str = "", timeout_s: float = 10.0) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError([Problem("--prom-url", url, "must be an http:// or https:// address of a Prometheus")])
        name, colon, value = header.partition(":")
        if header and not (colon and name.strip() and value.strip()):
            raise InputError([Problem("PROM_AUTH_HEADER", None, "must have the form 'Name: value'")])
        self._base = url.rstrip("/")
        self._shown = urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        self._headers = {name.strip(): value.strip()} if header else {}
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirect)

    def query(self, expression: str) -> list[Value]:
        """Return the value of an expression now; raise PrometheusError when the server cannot tell."""
        data = self._ask("query", urllib.parse.urlencode({"query": expression}).encode())
        if data.get("resultType") == "scalar":
            return [Value({}, float(data["result"][1]))]
        return [Value(item["metric"], float(item["value"][1])) for item in data.get("result", ())]

    def rules(self) -> list[RuleState]:
        """Return every rule that the server evaluates; raise PrometheusError when it cannot tell."""
        groups = self._ask("rules", None).get("groups", ())
        return [
            RuleState(rule["type"], rule["name"], rule.get("lastError", ""))
            for group in groups
            for rule in group.get("rules", ())
        ]

    def _ask(self, what: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self._base}/api/v1/{what}", body, self._headers)  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                text = response.read(_MAX_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(_MAX_BYTES)
            if error.code not in (400, 422):  # the server's own words follow in the body
                self._fail(f"answers {error.code} {error.reason}")
        except (OSError, ValueError) as error:
            self._fail(f"does not answer ({getattr(error, 'reason', error)})")
        return self._read(text)

    def _read(self, text: bytes) -> dict[str, Any]:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._fail("does not answer as Prometheus does")
        if not isinstance(document, dict) or document.get("status") != "success":
            told = document.get("error") if isinstance(document, dict) else None
            self._fail(f"refuses: {told}" if told else "does not answer as Prometheus does")
        data = document.get("data")
        return data if isinstance(data, dict) else {}

    def _fail(self, why: str) -> NoReturn:
        raise PrometheusError(f"{self._shown} {why}: is --prom-url the base address of a Prometheus server?")
