"""Options that several commands share, by subject; what they are given reaches the settings unread.

Law: an option's parameter name is the name of its flag in `loadgen.core.setting_table`, so that a command hands over
`flags_of(params)` and nothing is parsed twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.plan.load import Inputs

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")

_FILE = click.Path(path_type=Path, dir_okay=False)
_OWN_NAMES = frozenset({"profile", "env_file", "plan"})


def _group(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _text(*names: str, metavar: str, says: str) -> Callable[[Decorated], Decorated]:
    return click.option(*names, type=str, default=None, metavar=metavar, help=says)


def _list(*names: str, metavar: str, says: str) -> Callable[[Decorated], Decorated]:
    return click.option(*names, type=str, multiple=True, metavar=metavar, help=f"{says} Repeatable.")


def _switch(name: str, says: str) -> Callable[[Decorated], Decorated]:
    return click.option(name, is_flag=True, default=False, help=says)


source_options = _group(
    click.option("--profile", type=str, default=None, metavar="dev|staging|production", help="How careful to be."),
    click.option("--env-file", type=_FILE, default=None, help="KEY=VALUE settings instead of the profile's own file."),
    click.option("--plan", type=_FILE, default=None, help="A plan file (TOML)."),
)
"""Where settings come from."""

target_options = _group(
    _text("--base-url", metavar="URL", says="The service under test (LOAD_BASE_URL)."),
    _list("--endpoint", metavar="'[WEIGHT] [METHOD] PATH'", says="What to request below the base URL."),
    _text("--environment", metavar="LABEL", says="The label on reports; the profile's name if not given."),
    _list("--header", "-H", metavar="'NAME: VALUE'", says="A request header."),
    _text("--jwt", metavar="TOKEN", says="A bearer token; prefer --jwt-file or PROD_JWT."),
    _text("--jwt-file", metavar="FILE", says="A file with the bearer token."),
    _text("--cacert", metavar="FILE", says="The authorities to trust (PEM)."),
    _text("--cert", metavar="FILE", says="A client certificate (PEM)."),
    _text("--key", metavar="FILE", says="The client certificate's key (PEM)."),
    _switch("--insecure", "Do not verify the service's certificate."),
    _list("--resolve", metavar="HOST:PORT:ADDRESS", says="Use this address for a host."),
    click.option("--ipv4", "family", flag_value="ipv4", default=None, help="Connect over IPv4 only."),
    click.option("--ipv6", "family", flag_value="ipv6", help="Connect over IPv6 only."),
)
"""The service under test, and how it is reached."""

load_options = _group(
    _text("--rate", metavar="RATE", says="Requests: 80, 0.5, 50/1s or 1000/m; 80/s if not given."),
    _text("--concurrency", "-c", metavar="N", says="Connections; 20 if not given."),
    _text("--timeout", metavar="DURATION", says="A request fails after this long; 5s if not given."),
    _text("--warmup", metavar="DURATION", says="Load before the run, recorded apart."),
    _text("--warmup-seconds", metavar="SECONDS", says="The same in seconds."),
    _text("--warmup-rate", metavar="RATE", says="The warm-up's rate; 20/s if not given."),
    _text("--warmup-concurrency", metavar="N", says="The warm-up's connections; 5 if not given."),
    _text("--workers", metavar="N", says="Load processes; as many as the rate needs if not given."),
    _text("--seed", metavar="N", says="Fixes the order of endpoints."),
    _text("--late", metavar="queue|drop", says="What happens to a request that is due while every connection is busy."),
    _text("--catch-up", metavar="N", says="The highest multiple of the rate after a stall; 0 for no limit."),
    _text("--pacing", metavar="precise|balanced", says="Exact wake-ups, or fewer where arrivals are dense."),
)
"""How much load, and how it is made."""

observation_options = _group(
    _list("--metrics-url", metavar="URL", says="The service's metrics page, or a Prometheus server (METRICS_URL)."),
    _text("--metrics-auth-header", metavar="'NAME: VALUE'", says="The header of scrapes; prefer METRICS_AUTH_HEADER."),
    _text("--metric-profile", metavar="NAME|FILE", says="Which series mean what: metasheet, prometheus-http, relay."),
    _text("--profile-file", metavar="FILE", says="A metric profile of your own (TOML)."),
    _text("--samples", metavar="N", says="Rows of metrics.csv; 12 if not given."),
    _text("--interval", metavar="DURATION", says="The time between samples; 600s if not given."),
    _text("--interval-seconds", metavar="SECONDS", says="The same in seconds."),
    _text(
        "--idle", metavar="DURATION", says="Watch the service without load first; 60s in production, 15s in staging."
    ),
)
"""What is watched."""

breaker_options = _group(
    _text("--breaker-error-rate", metavar="SHARE", says="Stop above this share of errors; 2% if not given."),
    _text("--breaker-effective-fallback", metavar="SHARE", says="Stop above this share of fallbacks; 8% if not given."),
    _text("--breaker-server-errors", metavar="4xx+5xx|5xx", says="Which of the service's statuses are errors."),
    _switch("--breaker-count-misses", "Count cache misses as fallbacks for the breaker."),
    _switch("--allow-blind", "Go on when the service's metrics cannot be read."),
    _list("--allow-unarmed", metavar="INPUT", says="Start although this breaker input cannot see."),
    _switch("--no-breaker", "Never stop by itself; refused for production."),
    _switch("--allow-degraded", "Start although /health says that the service is degraded."),
)
"""When a run stops by itself, and what it may start with."""


def flags_of(params: Mapping[str, Any]) -> dict[str, object]:
    """Return the flags among a command's parameters; the command's own parameters must be taken out first."""
    return {name: value for name, value in params.items() if name not in _OWN_NAMES}


def inputs_of(params: Mapping[str, Any]) -> Inputs:
    """Return where settings are read besides flags, for a command with `source_options`."""
    import os

    from loadgen.plan.load import Inputs

    return Inputs(os.environ, Path.cwd(), params["env_file"], params["plan"])
