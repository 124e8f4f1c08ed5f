"""The options that several commands share, in groups; their names are those of `loadgen.core.setting_table`.

Law: an option is only named and described here; what its text means is decided where settings are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")
Group = tuple["Callable[[Any], Any]", ...]

TARGET: Group = (
    click.option("--base-url", metavar="URL", help="The service under test.  [LOAD_BASE_URL]"),
    click.option(
        "--endpoint",
        multiple=True,
        metavar="'[WEIGHT] [METHOD] PATH'",
        help="What to request; repeatable.  [the base URL's path]",
    ),
)
SHAPE: Group = (
    click.option("--method", metavar="METHOD", help="Method of every endpoint.  [GET]"),
    click.option("--header", "-H", multiple=True, metavar="'NAME: VALUE'", help="Header of every request; repeatable."),
    click.option("--body", metavar="TEXT", help="Body of every request."),
    click.option("--feeder", multiple=True, metavar="NAME=FILE[,POLICY]", help="Rows for ${NAME.COLUMN}; repeatable."),
    click.option("--expect", multiple=True, metavar="RULE", help="What every answer must be like; repeatable."),
    click.option("--follow", metavar="N", help="Follow at most N redirects for a request.  [0]"),
    click.option("--cookies", is_flag=True, help="Keep cookies, for each connection its own."),
    click.option("--compressed", is_flag=True, help="Ask for gzip or deflate."),
    click.option("--traceparent", is_flag=True, help="A W3C trace context of its own in each request, not sampled."),
    click.option("--traceparent-sampled", metavar="SHARE", help="The share of them that is sampled, such as 1%.  [0]"),
)


def _load(rate: str, concurrency: str) -> Group:
    """Return the two options that say how much, with their defaults."""
    return (
        click.option("--rate", metavar="RATE", help=f"Requests a second: 80, 0.5, 50/1s or 1000/m.  [{rate}]"),
        click.option("--concurrency", "-c", metavar="N", help=f"Connections.  [{concurrency}]"),
    )


PACE: Group = (
    click.option("--timeout", metavar="DURATION", help="From sent to complete.  [5s]"),
    click.option("--workers", metavar="N", help="Load processes.  [by rate and processors]"),
    click.option("--late", metavar="queue|drop", help="What happens to a request that finds no connection.  [queue]"),
    click.option("--catch-up", metavar="N", help="Most times the rate after a stall; 0: any.  [0; production 2]"),
    click.option("--pacing", metavar="precise|balanced", help="Wake at each due time, or save CPU.  [balanced]"),
    click.option("--seed", metavar="N", help="Seed of the mix of endpoints and of random arrivals.  [1]"),
)
LOAD: Group = (*_load("LOAD_RATE, 80", "LOAD_CONCURRENCY, 20"), *PACE)
WARMUP_LOAD: Group = (*_load("20", "5"), *PACE)
SCHEDULE: Group = (
    click.option("--arrival", metavar="constant|poisson", help="Evenly spaced, or at random by the seed.  [constant]"),
    click.option("--shape", metavar="ramp|step|spike|rollout", help="A usual profile, whose highest rate is --rate."),
    click.option("--start-at", metavar="SHARE[:DURATION]", help="Begin with a share of the rate, such as 10%:30s."),
)


def _warmup(duration: str) -> Group:
    """Return the options of a warm-up, which lasts as long as `duration` says where nothing is given."""
    return (
        click.option("--warmup", metavar="DURATION", help=f"Warm-up before the load, recorded apart.  [{duration}]"),
        click.option("--warmup-rate", metavar="RATE", help="Rate of the warm-up.  [20]"),
        click.option("--warmup-concurrency", metavar="N", help="Connections of the warm-up.  [5]"),
    )


WARMUP: Group = _warmup("10m, but at most --interval; 0s for none")
NO_WARMUP: Group = _warmup("0s: none")
CREDENTIALS: Group = (
    click.option("--jwt", metavar="TOKEN", help="Bearer token; prefer --jwt-file or PROD_JWT."),
    click.option("--jwt-file", metavar="FILE", help="File with the bearer token."),
    click.option("--token-command", metavar="COMMAND", help="Prints the bearer token; run again before it expires."),
)
REUSE: Group = (
    click.option("--no-keepalive", is_flag=True, help="A new connection for each request, on its time."),
    click.option("--max-requests-per-connection", metavar="N", help="Then a new one, on the next request's time."),
)
NETWORK: Group = (
    click.option("--cacert", metavar="FILE", help="Certificate authorities to trust."),
    click.option("--cert", metavar="FILE", help="Client certificate."),
    click.option("--key", metavar="FILE", help="Key of the client certificate."),
    click.option("--key-password-file", metavar="FILE", help="Password of an encrypted key."),
    click.option("--insecure", is_flag=True, help="Do not verify the server's certificate."),
    click.option("--resolve", multiple=True, metavar="HOST:PORT:ADDRESS", help="Use this address; repeatable."),
    click.option("--sni", metavar="NAME", help="Name in TLS, asked for and verified.  [the URL's host]"),
    click.option("--proxy", metavar="URL", help="HTTP proxy; those of the environment are ignored."),
    click.option("--unix-socket", metavar="PATH", help="Connect to this socket, whatever the URL's host."),
    click.option("--ipv4", is_flag=True, help="IPv4 only."),
    click.option("--ipv6", is_flag=True, help="IPv6 only."),
)
METRICS: Group = (
    click.option(
        "--metrics-url", multiple=True, metavar="URL", help="A page or a Prometheus; repeatable.  [METRICS_URL]"
    ),
    click.option("--metrics-auth-header", metavar="'NAME: VALUE'", help="Header of scrapes.  [METRICS_AUTH_HEADER]"),
    click.option("--metric-profile", metavar="NAME|FILE", help="Which series feed which metric.  [metasheet]"),
    click.option("--idle", metavar="DURATION", help="Watch without load first.  [60s in production, 15s in staging]"),
    click.option("--count-cache-miss", is_flag=True, help="Count cache misses as fallbacks."),
)
REDIS: Group = (
    click.option("--watch-redis", is_flag=True, help="Watch the Redis at REDIS_URL too; --demo: its own."),
    click.option("--redis-url", metavar="URL", help="Watch the Redis at this address; prefer REDIS_URL."),
)
OBSERVATION: Group = (
    *METRICS[:2],
    click.option("--samples", metavar="N", help="Rows of metrics.csv.  [LOAD_SAMPLES, 12]"),
    click.option("--interval", metavar="DURATION", help="Time between rows.  [INTERVAL_SECONDS, 600s]"),
    click.option("--interval-seconds", metavar="N", help="The same in seconds."),
    *METRICS[2:],
    *REDIS,
)
CLIENT_THRESHOLDS: Group = (
    click.option("--breaker-error-rate", metavar="SHARE", help="Error rate that aborts.  [0.02]"),
    click.option("--allow-unarmed", multiple=True, metavar="INPUT", help="Accept an unarmed input; repeatable."),
)
THRESHOLDS: Group = (
    *CLIENT_THRESHOLDS,
    click.option("--breaker-effective-fallback", metavar="SHARE", help="Fallback rate that aborts.  [0.08]"),
    click.option("--breaker-server-errors", metavar="4xx+5xx|5xx", help="Which statuses are server errors.  [4xx+5xx]"),
    click.option("--breaker-count-misses", is_flag=True, help="Judge cache misses as fallbacks too."),
    click.option("--allow-blind", is_flag=True, help="Go on when probes fail, with a warning."),
)
_NO_BREAKER = click.option("--no-breaker", is_flag=True, help="Never abort; refused for production.")
CLIENT_BREAKER: Group = (*CLIENT_THRESHOLDS, _NO_BREAKER)
BREAKER: Group = (*THRESHOLDS, _NO_BREAKER)
START: Group = (
    click.option("--allow-degraded", is_flag=True, help="Start although the target says it is degraded."),
    click.option("--after-trip", metavar="RUN_ID", help="Run on a host where this run tripped a moment ago."),
)
SELF_METRICS: Group = (
    click.option(
        "--self-metrics", metavar="[HOST:]PORT", help="Serve loadgen's own metrics here.  [SELF_METRICS, off]"
    ),
    click.option("--metrics-textfile", metavar="FILE", help="Keep them in a *.prom file.  [METRICS_TEXTFILE, off]"),
)
RESUME: Group = (
    click.option(
        "--resume",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Go on with an interrupted run, in its directory.",
    ),
)
PERMISSION: Group = (
    click.option("--exercise", is_flag=True, help="Reload plugins, create and restore snapshots during the run."),
    click.option("--allow-writes", is_flag=True, help="Let --exercise change data in production."),
    *START,
)
SOURCES: Group = (
    click.option("--profile", metavar="dev|staging|production", help="Where load goes, and how careful we are.  [dev]"),
    click.option("--environment", metavar="LABEL", help="Label on reports.  [the profile]"),
    click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="Settings file.  [.env.phase5 or .env.phase5.staging, by profile]",
    ),
    click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="Plan file (TOML)."),
    click.option("--scenario", metavar="NAME", help="The plan file's [scenario.NAME]."),
)


def with_options(*groups: Group) -> Callable[[F], F]:
    """Return a decorator that adds the groups' options, shown in this order."""

    def decorate(command: F) -> F:
        for group in reversed(groups):
            for option in reversed(group):
                command = option(command)
        return command

    return decorate


def setting_flags(given: Mapping[str, Any], *others: str) -> dict[str, object]:
    """Return what the command line gave for settings: without `others`, --ipv4 and --ipv6 as `family`.

    Raises UsageError when both families are demanded.
    """
    if given.get("ipv4") and given.get("ipv6"):
        raise click.UsageError("--ipv4 and --ipv6 exclude each other")
    own = {"profile", "env_file", "plan_file", "scenario", "ipv4", "ipv6", *others}
    flags: dict[str, object] = {name: value for name, value in given.items() if name not in own}
    if given.get("ipv4") or given.get("ipv6"):
        flags["family"] = "ipv4" if given.get("ipv4") else "ipv6"
    return flags
