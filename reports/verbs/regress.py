"""`report regress`: did the service become worse than its baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command(short_help="Compare a run with its baseline: REGRESSED, EQUIVALENT, IMPROVED or UNDERPOWERED.")
@click.argument("current", metavar="RUN|JSON", type=click.Path(path_type=Path))
@click.argument("baseline", metavar="[BASELINE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--again", multiple=True, type=click.Path(path_type=Path), help="A further run of the same build; repeat."
)
@click.option(
    "--history",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An earlier good run, or a directory of them; default: the baselines of the same cache. Repeat.",
)
@click.option(
    "--nights",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of nightly files: good nights that hold latencies are earlier runs too.",
)
@click.option(
    "--impl", envvar="CACHE_IMPL", default="memory", show_default=True, show_envvar=True, help="Cache implementation."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def regress(output: Path | None, as_json: bool, **named: Any) -> int:
    """Compare a run with its baseline.

    BASELINE is a baseline file, a run directory, or a directory of baselines (default: baseline), where the one of the
    cache implementation is taken. LATENCY_INCREASE_PCT, RATE_DROP_PCT, MEMORY_INCREASE_PCT and REDIS_{GET,SET}_P95_MAX
    and _P99_MAX set the tolerances. Exit code: 0 equivalent or improved, 1 regressed, 2 unreadable, 3 these runs
    cannot tell.
    """
    import os

    from reports.render.regression import regression_json, regression_markdown
    from reports.verbs.publishing import publish
    from reports.verbs.regressing import Asked, answer

    found = answer(Asked(**named), os.environ)
    text = regression_json(found) if as_json else regression_markdown(found)
    publish(text, output)
    if output is not None:
        click.echo(f"{found.change}: {output}")
    return int(found.exit_code)
