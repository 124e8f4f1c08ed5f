"""`loadgen demo`: run the demo service for people to try things on."""

from __future__ import annotations

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 takes any.  [default: PORT or 8901]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--host-anyway", is_flag=True, help="Accept a host that others can reach.")
@click.option("--require-jwt", is_flag=True, help="Demand a bearer token, HS256 with JWT_SECRET, on /api.")
@click.option("--faults", default="{}", metavar="JSON", help='Faults from the start, such as {"error_share": 0.06}.')
@click.option("--cache-ttl", default="10s", show_default=True, metavar="DURATION", help="Life of a cached value.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of latencies and random faults.")
def demo(**given: object) -> None:
    """Run the demo service until Ctrl-C.

    It honours FEATURE_CACHE, ENABLE_FALLBACK_TEST, COUNT_CACHE_MISS_AS_FALLBACK, ALLOW_UNSAFE_ADMIN, DISABLE_EVENT_BUS,
    DEMO_REQUIRE_JWT, JWT_SECRET, METRICS_SCRAPE_TOKEN, INTERNAL_API_TOKEN, INTERNAL_RATE_LIMIT and PORT. With
    CACHE_IMPL=redis its cache is at REDIS_URL, or in a Valkey server of its own, and REDIS_ARTIFICIAL_DELAY_MS slows
    that down. Faults are set while it runs by PUT /internal/fault and lifted by DELETE.
    """
    import os

    from loadgen.demo.server import serve
    from loadgen.demo.settings import with_options
    from loadgen.demo.valkey import with_server

    def announce(url: str) -> None:
        click.echo(f"demo service  {url}\nmetrics       {url}/metrics/prom\nfault panel   {url}/internal/fault")

    with with_server(with_options(os.environ, given), os.environ) as settings:
        serve(settings, announce)
