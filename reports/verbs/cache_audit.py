"""`report cache-audit`: which kinds of cache keys miss too often."""

from __future__ import annotations

import os
from pathlib import Path

import click

from loadgen.core.patience import timeout_option


@click.command(name="cache-audit", short_help="Find kinds of cache keys that miss too often.")
@click.argument("url", required=False, envvar="METRICS_URL")
@click.argument("min_total", type=click.IntRange(0), default=50)
@click.argument("max_hit_rate", type=click.FloatRange(0, 100), default=70.0)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines to this file.")
@timeout_option
def cache_audit(url: str | None, min_total: int, max_hit_rate: float, output: Path | None, timeout: float) -> int:
    """Show hits and misses of every key pattern at URL (METRICS_URL), the worst rate first.

    A pattern with at least MIN_TOTAL (50) look-ups and a hit rate of at most MAX_HIT_RATE (70) percent is a candidate
    for another key, a longer life or no cache. METRICS_AUTH_HEADER is used for the scrape. Exit code: 0, 2 when the
    metrics cannot be read, 3 when they show no cache.
    """
    from loadgen.core.errors import ExitCode, InputError, Problem
    from reports.analysis.cache_audit import HITS, MISSES, audit
    from reports.loader.fields import Fields
    from reports.loader.scrape import Request, ask
    from reports.render.cache_audit import audit_lines
    from reports.verbs.publishing import complain, make_place, publish

    urls = tuple(word for word in (url or "").replace(",", " ").split() if word)
    if not urls:
        raise InputError([Problem("METRICS_URL", None, "missing: give URL, or METRICS_URL in the environment")])
    header = os.environ.get("METRICS_AUTH_HEADER") or os.environ.get("EXTRA_CURL_HEADER") or ""
    asked = [word for name in (HITS, *MISSES) for word in ("--series", name)]
    found = Fields(ask(Request(urls, header, timeout_s=timeout), os.environ, *asked))
    series = [item for item in found.items("series") if isinstance(item, dict)]
    if not series:
        complain(f"no series of {HITS} or {' or '.join(MISSES)}: the service shows no cache")
        return int(ExitCode.INCOMPLETE)
    if output is not None:
        make_place(output)
    publish(audit_lines(audit(series, min_total, max_hit_rate)), output)
    return 0
