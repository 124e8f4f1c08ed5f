"""From the options of `report dashboard push` to a stored dashboard, or to a sentence about why it is not.

Law: the token is a Secret from the moment it is read; nothing that is printed holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import orjson

from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem
from loadgen.core.redact import MASK, Redactor, Secret
from loadgen.core.setting_readers import PLACEHOLDER_REMEDY, is_placeholder, read_jwt, read_secret_file
from loadgen.core.tls import client_context
from reports.analysis.grafana_answer import read_answer
from reports.loader.grafana import send
from reports.model.grafana import Upload
from reports.verbs.variables import variables

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

_URL, _TOKEN = "GRAFANA_URL", "GRAFANA_TOKEN"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A push as it was asked for; `token` is None only where nothing is sent."""

    grafana: str
    token: Secret | None
    folder: str
    message: str
    dry_run: bool
    timeout_s: float
    context: ssl.SSLContext


def read_wish(given: Mapping[str, Any]) -> Wish:
    """Read the options, and GRAFANA_URL and GRAFANA_TOKEN; raise InputError with every problem."""
    environ = variables(given["env_file"])
    problems: list[Problem] = []
    grafana = _address(given["grafana_url"] or environ.get(_URL, ""), problems)
    token = _token(given["token_file"], environ, problems, needed=not given["dry_run"])
    context = _context(given["cacert"], problems, verify=not given["insecure"])
    if problems or context is None:
        raise InputError(problems)
    folder, message = given["folder"], given["message"]
    return Wish(grafana, token, folder, message, given["dry_run"], given["timeout"], context)


def push_dashboard(wish: Wish, document: Mapping[str, Any]) -> int:
    """Store the dashboard and say how it went, or print the request where nothing is to be sent."""
    upload = Upload(wish.grafana, document, wish.token, wish.folder, wish.message)
    if wish.dry_run:
        click.echo(_shown(upload), nl=False)
        return ExitCode.OK
    if wish.grafana.startswith("http://") and urlsplit(wish.grafana).hostname not in _LOOPBACK:
        click.echo("warning: the token goes over the network in clear: Grafana's address begins with http://", err=True)
    finding = read_answer(upload, send(upload, wish.timeout_s, wish.context))
    text = Redactor(() if wish.token is None else (wish.token,)).text(finding.text)
    if not finding.stored:
        raise LoadgenError(text)
    click.echo(text)
    return ExitCode.OK


def _shown(upload: Upload) -> str:
    """Return the request as it would be sent, its token masked whole."""
    token = f"Bearer {MASK}" if upload.token else f"none: {_TOKEN} is not set"
    body = orjson.dumps(upload.body, option=orjson.OPT_INDENT_2).decode()
    return f"POST {upload.url}\nContent-Type: application/json\nAuthorization: {token}\n\n{body}\n"


def _address(text: str, problems: list[Problem]) -> str:
    """Return Grafana's base URL without a slash at its end; a URL that holds credentials is refused."""
    shown = Redactor().text(text)
    if not text:
        problems.append(Problem("--grafana-url", None, f"missing: give it, or {_URL} in the environment"))
        return ""
    if is_placeholder(text):
        problems.append(Problem("--grafana-url", shown, PLACEHOLDER_REMEDY))
        return ""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
        parts = urlsplit("")
    if not whole or parts.query or parts.fragment or any(char.isspace() for char in text):
        problems.append(Problem("--grafana-url", shown, "write an absolute http or https URL without ? and #"))
    elif parts.username is not None:
        problems.append(Problem("--grafana-url", shown, f"take the credentials out; a token goes into {_TOKEN}"))
    return text.rstrip("/")


def _token(file: Path | None, environ: Mapping[str, str], problems: list[Problem], *, needed: bool) -> Secret | None:
    given = environ.get(_TOKEN, "").strip()
    name = _TOKEN if file is None else f"--token-file {file}"
    if file is None and not given:
        if needed:
            remedy = f"missing: put a service account's token into {_TOKEN}, or into a file named with --token-file"
            problems.append(Problem(_TOKEN, None, remedy))
        return None
    if is_placeholder(given) and file is None:
        problems.append(Problem(name, MASK, PLACEHOLDER_REMEDY))
        return None
    try:
        return read_jwt(given if file is None else read_secret_file(str(file)).reveal())
    except ValueError as error:
        problems.append(Problem(name, None, str(error)))
        return None


def _context(cacert: Path | None, problems: list[Problem], *, verify: bool) -> ssl.SSLContext | None:
    try:
        return client_context(b"" if cacert is None else cacert.read_bytes(), b"", b"", verify=verify)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(Problem("--cacert", str(cacert), f"cannot be used: {reason}"))
        return None
