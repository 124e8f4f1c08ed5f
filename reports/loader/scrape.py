"""Ask the observer, a process of its own, for what a service shows.

Laws: credentials go through an inherited descriptor, never into arguments or the environment; a scrape that says
nothing in time is killed and told as an error.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.redact import Redactor
from loadgen.core.setting_table import SECRET_VARIABLES
from reports.loader.fields import Fields
from reports.loader.window import read_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.model.server import ServerWindow

_OVERHEAD_S = 20.0
EXPOSITION = "the service's metrics"


class ScrapeFailed(LoadgenError):  # noqa: N818 - a finding about the service
    """The metrics could not be read; nothing can be judged."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to scrape and how. `header` is the whole `Name: value`, empty for none."""

    urls: tuple[str, ...]
    header: str = ""
    metric_profile: str = "metasheet"
    count_cache_miss: bool = False
    timeout_s: float = 10.0
    ca_pem: bytes = b""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Scrape:
    """What was found: the account of the service's life, and what the metric profile lacks."""

    window: ServerWindow | None
    not_applicable: tuple[str, ...]
    complaints: tuple[str, ...]


def scrape(request: Request, environ: Mapping[str, str]) -> Scrape:
    """Scrape once through the observer; raise ScrapeFailed with its words and its advice."""
    fields = Fields(ask(request, environ))
    window = read_window(fields, "lifetime", EXPOSITION)
    return Scrape(window, fields.texts("not_applicable"), tuple(fields.complaints))


def ask(request: Request, environ: Mapping[str, str], *more: str) -> dict[str, Any]:
    """Return what `observer once --json` found, asked with `more` options; raise ScrapeFailed."""
    with tempfile.TemporaryFile() as header, tempfile.TemporaryFile() as authorities:
        for file, content in ((header, request.header.encode()), (authorities, request.ca_pem)):
            file.write(content)
            file.seek(0)
        handed = (header.fileno(), authorities.fileno())
        command = [sys.executable, "-P", "-m", "observer", "once", "--json", *_options(request, *handed), *more]
        document = _asked(command, request, environ, handed)
    if not document.get("ok"):
        hint = f"\n  {document['hint']}" if document.get("hint") else ""
        raise ScrapeFailed(
            f"the metrics cannot be read: {document.get('error') or 'the observer gave no reason'}{hint}"
        )
    return document


def _options(request: Request, header_fd: int, authorities_fd: int) -> Sequence[str]:
    options = [word for url in request.urls for word in ("--metrics-url", url)]
    options += ["--profile", request.metric_profile, "--timeout", f"{request.timeout_s:g}"]
    if request.header:
        options += ["--auth-header-fd", str(header_fd)]
    if request.ca_pem:
        options += ["--cacert", f"/dev/fd/{authorities_fd}"]
    options += ["--insecure"] if request.insecure else []
    return [*options, *(["--count-cache-miss"] if request.count_cache_miss else [])]


def _asked(
    command: Sequence[str], request: Request, environ: Mapping[str, str], handed: tuple[int, ...]
) -> dict[str, Any]:
    limit_s = request.timeout_s + _OVERHEAD_S
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={name: value for name, value in environ.items() if name not in SECRET_VARIABLES},
            pass_fds=handed,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ScrapeFailed(f"the observer gave no answer within {limit_s:g} s") from error
    except OSError as error:
        raise ScrapeFailed(f"the observer cannot be started: {os.strerror(error.errno or 0)}") from error
    try:
        document = orjson.loads(done.stdout)
    except orjson.JSONDecodeError as error:
        said = Redactor().text(done.stderr.decode("utf-8", "replace").strip()) or f"it ended with {done.returncode}"
        raise ScrapeFailed(said) from error
    return document if isinstance(document, dict) else {}
