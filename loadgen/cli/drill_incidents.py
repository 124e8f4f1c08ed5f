"""The incident simulations of `loadgen drill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.errors import ExitCode
    from loadgen.drill.incident import Incident
    from loadgen.drill.wishes import Wishes

F = TypeVar("F", bound="Callable[..., Any]")

_SHARED = (
    click.option("--base-url", metavar="URL", help="The demo service.  [LOAD_BASE_URL, http://127.0.0.1:8901]"),
    click.option("--metrics-url", metavar="URL", help="Its metrics.  [METRICS_URL, BASE/metrics/prom]"),
    click.option("--demo", is_flag=True, help="Start a demo service for the drill, set up as it needs it."),
    click.option("--profile", type=click.Choice(["dev", "staging", "production"]), help="Whose rules apply."),
    click.option("--rate", default="20", show_default=True, metavar="RATE", help="The drill's own load."),
    click.option("--before", default="5s", show_default=True, metavar="DURATION", help="How long to look before."),
    click.option("--within", default="30s", show_default=True, metavar="DURATION", help="Time to come back."),
    click.option("--prom-url", metavar="URL", help="A Prometheus where the alert must fire and stop."),
    click.option("--alert", metavar="NAME", help="Its name, instead of the usual one."),
    click.option("--alert-within", default="20m", show_default=True, metavar="DURATION", help="Time to fire, to stop."),
    click.option("--json", is_flag=True, help="Print the evidence as JSON on stdout."),
)
_ALLOW_TARGET = click.option(
    "--allow-target", is_flag=True, help="Also a service that is not the demo service, without --share."
)
_METRIC_PROFILE = click.option("--metric-profile", metavar="NAME|FILE", help="Names of its metrics.  [metasheet]")
_FOR = "How long it lasts."


def shared(command: F) -> F:
    """Give a command the options that all incidents have."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


@click.command()
@click.option("--delay", default="120ms", show_default=True, metavar="DURATION", help="Of every operation.")
@click.option("--for", "lasting", default="90s", show_default=True, metavar="DURATION", help=_FOR)
@shared
def redis_latency(delay: str, lasting: str, **given: Any) -> ExitCode:
    """Slow Redis down and check that the p95 of its operations and the service's responses show it."""
    from loadgen.drill.redis_latency import RedisLatency
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    delay_ns = wish.duration("--delay", delay, "51ms", "2s")
    for_ns = wish.duration("--for", lasting, "1s", "1h")
    return _hold(RedisLatency(delay_ns, for_ns), wish, given)


@click.command()
@click.option(
    "--how",
    type=click.Choice(["kill", "stop", "blackhole", "late", "reset", "half-close", "truncate"]),
    default="kill",
    show_default=True,
    help="The server is killed or stopped; or a proxy before it misbehaves (with --demo).",
)
@click.option("--for", "lasting", default="10s", show_default=True, metavar="DURATION", help=_FOR)
@shared
def redis_disconnect(how: str, lasting: str, **given: Any) -> ExitCode:
    """Take Redis away and check for recovery attempts, the last failure and fallbacks while the service goes on."""
    from loadgen.drill.redis_disconnect import RedisDisconnect
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    return _hold(RedisDisconnect(how, wish.duration("--for", lasting, "3s", "1h")), wish, given)


@click.command()
@click.argument("count", type=click.IntRange(1, 10_000), required=False)
@click.argument("interval", metavar="[INTERVAL]", required=False)
@click.option("--share", metavar="SHARE", help="Instead: this share of all requests fails, such as 6%.")
@click.option("--for", "lasting", metavar="DURATION", help="How long, with --share.  [30s]")
@click.option("--path", metavar="PATH", help="The route that always fails, without --share.  [/api/sim-error]")
@_ALLOW_TARGET
@_METRIC_PROFILE
@shared
def http_errors(
    count: int | None, interval: str | None, share: str | None, lasting: str | None, path: str | None, **given: Any
) -> ExitCode:
    """Let requests fail and check that the error rate and the success rate show it.

    COUNT requests (50), one each INTERVAL (a duration, or a number of milliseconds; 200ms), go to a route that always
    fails. With --share the fault panel lets that share of all requests fail instead.
    """
    from loadgen.drill.http_errors import HttpErrorCount, HttpErrorShare
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    if share is not None:
        wish.not_with({"COUNT": count, "INTERVAL": interval, "--path": path}, "--share")
        asked = HttpErrorShare(wish.share("--share", share), wish.duration("--for", lasting or "30s", "1s", "1h"))
        return _hold(asked, wish, given)
    wish.only_with({"--for": lasting}, "--share")
    asked_count = HttpErrorCount(
        count or 50,
        wish.interval("INTERVAL", interval or "200ms"),
        wish.rate("--rate", given["rate"]),
        wish.path("--path", "/api/sim-error" if path is None else path),
        at_base=given["allow_target"],
    )
    return _hold(asked_count, wish, given)


@click.command()
@click.option("--mode", multiple=True, metavar="MODE", help="Which fallback; repeatable, in turn.  [five kinds]")
@click.option("--count", type=click.IntRange(1, 10_000), help="So many are forced.  [50]")
@click.option("--interval", metavar="DURATION", help="One each interval, with --count.  [200ms]")
@click.option("--share", metavar="SHARE", help="Instead: collaborators fail for this share of the requests.")
@click.option("--for", "lasting", metavar="DURATION", help="How long, with --share.  [30s]")
@_ALLOW_TARGET
@_METRIC_PROFILE
@shared
def fallback_surge(
    mode: tuple[str, ...], count: int | None, interval: str | None, share: str | None, lasting: str | None, **given: Any
) -> ExitCode:
    """Let answers degrade and check that the effective fallbacks show it.

    Modes: http_error, http_timeout, message_error, message_timeout, upstream_error, circuit_breaker, unknown,
    cache_miss.
    """
    from loadgen.drill.fallback_surge import MODES, USUAL, FallbackCount, FallbackShare
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    modes = wish.among("--mode", mode or USUAL, MODES)
    if share is not None:
        wish.not_with({"--count": count, "--interval": interval}, "--share")
        for_ns = wish.duration("--for", lasting or "30s", "1s", "1h")
        return _hold(FallbackShare(wish.share("--share", share), for_ns, modes), wish, given)
    wish.only_with({"--for": lasting}, "--share")
    interval_ns = wish.duration("--interval", interval or "200ms", "100ms", "1m")
    return _hold(FallbackCount(count or 50, interval_ns, modes, at_base=given["allow_target"]), wish, given)


@click.command()
@click.option("--for", "lasting", default="2s", show_default=True, metavar="DURATION", help=_FOR)
@shared
def freeze(lasting: str, **given: Any) -> ExitCode:
    """Let the service stand still and check that responses, due all the while, show it."""
    from loadgen.drill.freeze import Freeze
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    return _hold(Freeze(wish.duration("--for", lasting, "500ms", "10s")), wish, given)


@click.command()
@shared
def restart(**given: Any) -> ExitCode:
    """Let the service lose its state as a new process does and check that start time and counters show it."""
    from loadgen.drill.restart import Restart
    from loadgen.drill.wishes import Wishes

    return _hold(Restart(), Wishes(), given)


@click.command()
@click.option("--for", "lasting", default="30s", show_default=True, metavar="DURATION", help=_FOR)
@shared
def metrics_stall(lasting: str, **given: Any) -> ExitCode:
    """Let the metrics page stand still while the service goes on and check that its counters show it."""
    from loadgen.drill.metrics_stall import MetricsStall
    from loadgen.drill.wishes import Wishes

    wish = Wishes()
    return _hold(MetricsStall(wish.duration("--for", lasting, "1s", "1h")), wish, given)


def _hold(incident: Incident, wish: Wishes, given: dict[str, Any]) -> ExitCode:
    """Hold the drill, print its evidence and return its exit code."""
    import os
    import sys
    from pathlib import Path

    import orjson

    from loadgen.core.errors import ExitCode
    from loadgen.drill.evidence import as_document, as_text
    from loadgen.drill.request import asked_of
    from loadgen.drill.session import hold

    asked = asked_of(incident, wish, given, os.environ, Path.cwd())
    ended = hold(asked, lambda line: click.echo(f"drill: {line}", err=True))
    if isinstance(ended, ExitCode):
        return ended
    if given["json"]:
        sys.stdout.buffer.write(
            orjson.dumps(as_document(ended), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
    else:
        click.echo(as_text(ended))
    return ended.exit_code
