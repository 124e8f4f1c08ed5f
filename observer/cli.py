"""The commands of the observer: `observe` (also `loadgen observe`), `once`, `redis`, `profile` and `child`."""

from __future__ import annotations

from typing import IO, Any

import click


@click.command()
@click.option("--metrics-url", multiple=True, metavar="URL", help="A page or a Prometheus; repeatable.  [METRICS_URL]")
@click.option("--interval", metavar="DURATION", help="Time between rows.  [INTERVAL_SECONDS, 600s]")
@click.option("--interval-seconds", metavar="SECONDS", help="The same in seconds.")
@click.option("--samples", metavar="N", help="Rows of metrics.csv.  [LOAD_SAMPLES, 12]")
@click.option(
    "--metric-profile",
    "--profile-file",
    "metric_profile",
    metavar="NAME|FILE",
    help="Which series feed which metric: metasheet, prometheus-http, relay or a TOML file.  [metasheet]",
)
@click.option("--out", metavar="DIR", help="Where the files go.  [OUT_DIR, or a new directory below results]")
@click.option("--watch-redis", is_flag=True, help="Watch the Redis at REDIS_URL too, into redis.jsonl.")
@click.option("--redis-url", metavar="URL", help="Watch the Redis at this address; prefer REDIS_URL.")
@click.option("--cacert", metavar="FILE", help="Certificate authorities to trust for https.")
@click.option("--insecure", is_flag=True, help="Do not verify certificates.")
@click.option("--label-limit", type=click.IntRange(1), default=50, show_default=True, help="Values a label may have.")
@click.option(
    "--profile", type=click.Choice(["dev", "staging", "production"]), help="Whose env file to read; of dev none."
)
@click.option("--env-file", type=click.Path(exists=True, dir_okay=False), help="Settings file to read.")
def observe(profile: str | None, env_file: str | None, label_limit: int, **flags: Any) -> int:
    """Watch a service's metrics alone: one row of metrics.csv per interval, until all samples are taken.

    METRICS_URL, METRICS_AUTH_HEADER ('Name: value'), INTERVAL_SECONDS, MAX_SAMPLES and OUT_DIR are read from the
    environment. SIGTERM, Ctrl-C or a file named STOP_OBSERVATION stops in order, with a last row.
    """
    from observer.alone import observe_alone
    from observer.request import observe_plan

    plan, notices = observe_plan(profile, env_file, label_limit, flags)
    for notice in notices:
        click.echo(notice, err=True)
    return observe_alone(plan, click.echo)


@click.group()
@click.option("--fd", type=int, hidden=True)
@click.option("--number", type=int, default=0, hidden=True)
@click.pass_context
def observer(ctx: click.Context, fd: int | None, number: int) -> None:
    """Watch a service's own metrics: scrape, derive, write CSV v3."""
    ctx.obj = (fd, number)


observer.add_command(observe)


@observer.command()
@click.option(
    "--metrics-url", multiple=True, required=True, metavar="URL", help="Exposition endpoint or Prometheus URL."
)
@click.option("--profile", default="metasheet", metavar="NAME", help="Metric profile: a bundled name or a TOML file.")
@click.option(
    "--times", type=click.IntRange(1, 100), default=1, help="Scrapes over new connections; 5 tell one process."
)
@click.option("--pause", type=click.FloatRange(0, 600), default=0.2, help="Seconds between them.")
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=5.0, help="Seconds for each.")
@click.option("--auth-header-fd", type=int, help="Read 'Name: value' from this descriptor.")
@click.option("--cacert", type=click.File("r"), help="Certificate authorities to trust for https.")
@click.option("--insecure", is_flag=True, help="Do not verify certificates.")
@click.option("--count-cache-miss", is_flag=True, help="Count a cache miss as an effective fallback.")
@click.option("--series", multiple=True, metavar="METRIC", help="Also list every series of this metric (repeatable).")
@click.option("--label-limit", type=click.IntRange(1), default=50, show_default=True, help="Values a label may have.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def once(as_json: bool, times: int, pause: float, series: tuple[str, ...], **options: Any) -> int:
    """Scrape once (or a few times) and say what feeds which metric; exit 2 when the metrics cannot be used."""
    import asyncio

    from observer.once import observe_once
    from observer.request import once_plan, tell

    found = asyncio.run(observe_once(once_plan(options), times, pause, series))
    click.echo(tell(found, as_json=as_json))
    return 0 if found["ok"] else 2


@observer.command()
@click.argument("promql", metavar="QUERY")
@click.option("--metrics-url", multiple=True, required=True, metavar="URL", help="Base URL of a Prometheus server.")
@click.option("--last", default="1h", show_default=True, metavar="DURATION", help="How far back from now.")
@click.option("--step", default="60s", show_default=True, metavar="DURATION", help="Time between values.")
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=30.0, help="Seconds for the answer.")
@click.option("--auth-header-fd", type=int, help="Read 'Name: value' from this descriptor.")
@click.option("--cacert", type=click.File("r"), help="Certificate authorities to trust for https.")
@click.option("--insecure", is_flag=True, help="Do not verify certificates.")
@click.option("-o", "--output", type=click.File("w", atomic=True), default="-", help="Write the CSV to this file.")
def query(promql: str, last: str, step: str, output: IO[str], **options: Any) -> int:
    """Export the course of a PromQL QUERY as CSV: timestamp, series, value."""
    from observer.request import export

    output.write(export(promql, last, step, options))
    return 0


@observer.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the whole profile as JSON.")
def profile(name: str, as_json: bool) -> None:
    """Check a metric profile (a bundled name or a TOML file) and print it."""
    from observer.profile_file import load_profile
    from observer.request import tell_profile

    click.echo(tell_profile(load_profile(name), as_json=as_json))


@observer.command()
@click.option("--redis-url", metavar="URL", help="Address; prefer REDIS_URL.  [REDIS_URL]")
@click.option("--url-fd", type=int, help="Read the address from this descriptor.")
@click.option("--times", type=click.IntRange(1, 1000), default=10, show_default=True, help="PINGs to send.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def redis(redis_url: str | None, url_fd: int | None, times: int, as_json: bool) -> int:
    """Look at a Redis once: version, round trip, what it tells of itself; exit 2 when it does not answer."""
    import asyncio

    from observer.redis_once import asked_redis, look_once, tell_look

    found = asyncio.run(look_once(asked_redis(redis_url, url_fd), times))
    click.echo(tell_look(found, as_json=as_json))
    return 0 if found["ok"] else 2


@observer.command(hidden=True)
@click.option("--fd", type=int)
@click.option("--number", type=int)
@click.pass_obj
def child(inherited: tuple[int | None, int], fd: int | None, number: int | None) -> int:
    """Serve a supervisor over an inherited socket."""
    from observer.child import run_child

    descriptor = inherited[0] if fd is None else fd
    if descriptor is None:
        raise click.UsageError("--fd is missing: this command is started by a supervisor")
    return run_child(descriptor, inherited[1] if number is None else number)
