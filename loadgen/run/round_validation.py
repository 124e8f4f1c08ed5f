"""What a round validates with, and the validation itself: the reports, asked as a process.

Law: the reports get credentials by descriptor, and their exit code is the round's.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, Problem
from loadgen.run.launch import command
from loadgen.run.preflight_process import Answer, ask
from loadgen.run.round import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.core.redact import Secret
    from loadgen.plan.model import Plan

_TIMEOUT_S = 60.0
_COUNTS = {
    "reloads": "RELOAD_COUNT",
    "creates": "SNAP_CREATE_COUNT",
    "restores": "SNAP_RESTORE_COUNT",
    "redis_pairs": "REDIS_SAMPLES",
}
_PAUSE = "SNAP_SLEEP_SECS"
_MOST = 100_000
_MOST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much is exercised, how the validation is made, and where it is written."""

    counts: Counts
    out_json: Path
    out_md: Path
    append_to: Path
    run_id: str
    na_policy: str = "strict"
    thresholds: Path | None = None


def counts_of(
    variables: Mapping[str, str | float | Secret], environ: Mapping[str, str], problems: list[Problem]
) -> Counts:
    """Return how often each operation is done; what is no count is a problem.

    A variable of the environment that could not be read is in `environ` alone.
    """
    usual = Counts()
    unread = {
        name: environ[name] for name in (*_COUNTS.values(), _PAUSE) if environ.get(name) and name not in variables
    }
    problems += [Problem(name, text, "must be a number that is not negative") for name, text in unread.items()]
    found = {}
    for field, name in _COUNTS.items():
        value = variables.get(name, float(getattr(usual, field)))
        if not isinstance(value, float) or not value.is_integer() or not 0 <= value <= _MOST:
            problems.append(Problem(name, str(value), f"must be a whole number from 0 to {_MOST}"))
            value = 0.0
        found[field] = int(value)
    pause_s = variables.get(_PAUSE, usual.pause_s)
    if not isinstance(pause_s, float) or not 0 <= pause_s <= _MOST_PAUSE_S:
        problems.append(Problem(_PAUSE, str(pause_s), f"must be seconds from 0 to {_MOST_PAUSE_S:g}"))
        pause_s = usual.pause_s
    plugin = variables.get("PLUGIN_NAME") or usual.plugin
    return Counts(**found, pause_s=pause_s, plugin=str(plugin))


def place_of(variables: Mapping[str, str | float | Secret], name: str, usual: str) -> Path:
    """Return the file that a variable names, or the usual one in the directory for temporary files."""
    return Path(str(variables.get(name) or Path(tempfile.gettempdir()) / usual))


async def validate(plan: Plan, wanted: Wanted, warmup_s: Sequence[float]) -> Answer:
    """Have the reports validate the service as it stands; never wait for ever.

    `warmup_s` is how long the requests of the warm-up took: it decides where a bucket of the service cannot.
    """
    observation = plan.observation
    assert observation is not None
    arguments = ["validate", *observation.metrics_urls, "--metric-profile", observation.metric_profile]
    arguments += ["-o", str(wanted.out_json), "--markdown", str(wanted.out_md), "--na-policy", wanted.na_policy]
    arguments += ["--append-to", str(wanted.append_to), "--run-id", wanted.run_id]
    if warmup_s:
        figures = {name: percentile(warmup_s, share) for name, share in (("p95", 0.95), ("p99", 0.99))}
        arguments += ["--client-latency", json.dumps(figures)]
    handed: dict[str, bytes] = {}
    if wanted.thresholds is not None:
        arguments += ["--thresholds", str(wanted.thresholds)]
    if observation.auth_header is not None:
        handed["auth"] = observation.auth_header.reveal().encode()
        arguments += ["--metrics-auth-fd", "{auth}"]
    if plan.load.tls.ca_pem:
        handed["authorities"] = plan.load.tls.ca_pem
        arguments += ["--cacert", "/dev/fd/{authorities}"]
    arguments += [] if plan.load.tls.verify else ["--insecure"]
    arguments += ["--count-cache-miss"] if observation.count_cache_miss else []
    return await ask(command("reports", tuple(arguments)), _TIMEOUT_S, handed=handed)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value with at least that share of all at or below it."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def code_of(answer: Answer) -> ExitCode:
    """Return the exit code of the validation; a validation that ended in no known way is an error of the tool."""
    try:
        return ExitCode.USAGE if answer.code is None else ExitCode(answer.code)
    except ValueError:
        return ExitCode.USAGE
