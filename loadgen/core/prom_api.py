"""The few questions that are put to a Prometheus server: an expression's value now, and which rules it has.

Laws: a server that does not answer, or not as Prometheus does, is an error with its address and what to do, never an
empty answer; a credential is sent to the address that was given and nowhere else.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.redact import Redactor
from loadgen.core.setting_readers import read_header, read_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_BYTES = 32 * 1024 * 1024
_NO_PROMETHEUS = "does not answer as Prometheus does"
_OTHER_FORM = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What an answer of another form gives when it is read; JSON may have anything anywhere."""


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


@dataclass(frozen=True, slots=True)
class Access:
    """A server's base URL, without credentials, and the headers with them that every question carries."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_access(url: str, header: str = "") -> Access:
    """Read a base URL and a `Name: value`, empty for none; a user in the URL becomes a Basic authorization.

    Raises InputError with what is wrong with either.
    """
    problems, headers, base = [], {}, ""
    try:
        address = read_url(url)
        if "?" in address.url:
            raise ValueError("a base address has no ?query")
        base = address.url.rstrip("/")
        if address.basic is not None:
            headers["Authorization"] = address.basic.reveal()
    except ValueError as error:
        problems.append(Problem("--prom-url", Redactor().text(url), str(error)))
    try:
        if header:
            setting = read_header(header)
            headers[setting.name] = setting.value.reveal()
    except ValueError as error:
        problems.append(Problem("PROM_AUTH_HEADER", None, str(error)))
    if problems:
        raise InputError(problems)
    return Access(base, headers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: a credential is for the address that was given."""


class Prometheus:
    """A server at a base URL. `header` is the whole `Name: value` that is sent along, empty for none."""

    def __init__(self, url: str, *, header: str = "", timeout_s: float = 10.0) -> None:
        self._access = read_access(url, header)
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirect)

    def query(self, expression: str) -> list[Value]:
        """Return the value of an expression now; raise PrometheusError when the server cannot tell."""
        data = self._ask("query", urllib.parse.urlencode({"query": expression}).encode())
        try:
            if data["resultType"] == "scalar":
                return [Value({}, float(data["result"][1]))]
            return [Value(item["metric"], float(item["value"][1])) for item in data["result"]]
        except _OTHER_FORM:
            self._fail(_NO_PROMETHEUS)

    def rules(self) -> list[RuleState]:
        """Return every rule that the server evaluates; raise PrometheusError when it cannot tell."""
        data = self._ask("rules", None)
        try:
            return [
                RuleState(rule["type"], rule["name"], rule.get("lastError", ""))
                for group in data["groups"]
                for rule in group["rules"]
            ]
        except _OTHER_FORM:
            self._fail(_NO_PROMETHEUS)

    def _ask(self, what: str, body: bytes | None) -> dict[str, Any]:
        address, headers = f"{self._access.url}/api/v1/{what}", dict(self._access.headers)
        request = urllib.request.Request(address, body, headers)  # noqa: S310 - http or https, as read
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
        except http.client.HTTPException as error:
            self._fail(f"does not answer as an HTTP server does ({type(error).__name__})")
        return self._read(text)

    def _read(self, text: bytes) -> dict[str, Any]:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._fail(_NO_PROMETHEUS)
        if not isinstance(document, dict) or document.get("status") != "success":
            told = document.get("error") if isinstance(document, dict) else None
            self._fail(f"refuses: {told}" if told else _NO_PROMETHEUS)
        data = document.get("data")
        if not isinstance(data, dict):
            self._fail(_NO_PROMETHEUS)
        return data

    def _fail(self, why: str) -> NoReturn:
        raise PrometheusError(f"{self._access.url} {why}: is --prom-url the base address of a Prometheus server?")
