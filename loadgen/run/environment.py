"""The record of an environment: versions, settings by an allow-list, and how the endpoints answered.

Laws: a variable that is not in the table of settings is never looked at; of a secret one only whether it is set is
told; every value goes through the Redactor, since a harmless variable may hold a URL with a password.
"""

from __future__ import annotations

import platform
import ssl
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.redact import Redactor
from loadgen.core.setting_layers import environment_layer
from loadgen.core.setting_readers import is_placeholder
from loadgen.core.setting_table import ROWS, SECRET_VARIABLES, VARIABLES
from loadgen.run.fingerprint import take_fingerprint
from loadgen.run.preflight_metrics import observe_once, page_checks, read_pages
from loadgen.run.preflight_model import Check
from loadgen.run.preflight_target import target_checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from loadgen.core.setting_layers import Layer
    from loadgen.plan.model import Plan

HIDDEN = "set (hidden)"
_UNSET = "not set"


@dataclass(frozen=True, slots=True)
class Shown:
    """One variable as it may be told; `source` says where it stands, empty where it is not set."""

    name: str
    value: str
    source: str


def allowed_names() -> tuple[str, ...]:
    """Return the variables that a record may tell: those of the table of settings, and no other."""
    names = {name.text for row in ROWS for name in row.variables} | VARIABLES.keys()
    return tuple(sorted(names))


def shown_settings(environ: Mapping[str, str], env_file: Layer | None) -> tuple[Shown, ...]:
    """Return every allowed variable with what may be told of it; the environment wins over the env file."""
    redactor = Redactor()
    layers = [environment_layer(environ), *([] if env_file is None else [env_file])]
    return tuple(_shown(name, layers, redactor) for name in allowed_names())


def _shown(name: str, layers: Sequence[Layer], redactor: Redactor) -> Shown:
    for layer in layers:
        given = layer.values.get(name)
        if given is None:
            continue
        text = given if isinstance(given, str) else " ".join(given)
        source = layer.place or "environment"
        if is_placeholder(text):
            return Shown(name, "a placeholder that was never filled in", source)
        return Shown(
            name, HIDDEN if name in SECRET_VARIABLES else redactor.text(f"{name}={text}")[len(name) + 1 :], source
        )
    return Shown(name, _UNSET, "")


def versions() -> tuple[tuple[str, str], ...]:
    """Return what this host and this build are; reads a few small files."""
    facts = take_fingerprint(0)
    packages = facts["versions"]
    told = {
        "loadgen": packages["loadgen"],
        "Python": f"{platform.python_version()} ({sys.implementation.name})",
        "OpenSSL": ssl.OPENSSL_VERSION,
        **{name: version for name, version in packages.items() if name != "loadgen"},
        "System": f"{facts['system']} {facts['kernel']} ({facts['machine']})",
        "Host": facts["host"],
        "Processor": facts["processor"],
        "Processors": f"{facts['cpus']}, usable {len(facts['affinity'] or ()) or 'unknown'}",
        "Memory": None if facts["memory_mb"] is None else f"{facts['memory_mb']:,} MB",
    }
    return tuple((name, "unknown" if value is None else str(value)) for name, value in told.items())


async def ask_endpoints(plan: Plan) -> tuple[Check, ...]:
    """Ask health, each GET or HEAD endpoint and the metrics URLs once each; nothing that comes back is a secret."""
    checks, _ = await target_checks(plan, allow_degraded=True)
    checks += page_checks(plan, await read_pages(plan, observe_once))
    redactor = Redactor(plan.secrets if plan.jwt is None else (*plan.secrets, plan.jwt))
    return tuple(Check(redactor.text(item.name), item.status, redactor.text(item.message)) for item in checks)


def record_text(profile: str, settings: Iterable[Shown], checks: Sequence[Check] | None, at: datetime) -> str:
    """Return the record as markdown; `checks` None means that the endpoints were not asked."""
    given = list(settings)
    lines = ["# Environment Record", "", f"Captured (UTC): {iso_utc(at)}  ", f"Profile: {profile}", ""]
    lines += ["## Versions", "", *_table(("What", "Value"), versions()), ""]
    known = [(item.name, item.value, item.source) for item in given if item.source]
    lines += ["## Settings", "", "Secrets are told to be set and nothing more; other variables are never read.", ""]
    lines += [*_table(("Variable", "Value", "From"), known), ""] if known else ["None is set.", ""]
    lines += [f"Not set: {', '.join(item.name for item in given if not item.source)}.", ""]
    lines += ["## Endpoints", ""]
    if checks is None:
        lines.append("Not asked: give --check to test them again.")
    else:
        lines += _table(
            ("Result", "Endpoint", "Answer"), ((item.status.value, item.name, item.message) for item in checks)
        )
    return "\n".join([*lines, ""])


def _table(headers: tuple[str, ...], rows: Iterable[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

    return [line(headers), "|" + " --- |" * len(headers), *(line(row) for row in rows)]
