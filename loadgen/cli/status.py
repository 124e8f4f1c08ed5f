"""`loadgen status`: where a running, detached or finished run stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.errors import ExitCode
    from loadgen.run.standing import RunState


@click.command()
@click.argument("run_dir", required=False, type=click.Path(exists=True, file_okay=False), metavar="[DIR]")
@click.option("--results", default="results", show_default=True, metavar="DIR", help="Where run directories are.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def status(run_dir: str | None, results: str, as_json: bool) -> ExitCode:
    """Show the run under way, else the newest one, or the one in DIR.

    Exit code 0 when a run was found, else 2.
    """
    from pathlib import Path

    import orjson

    from loadgen.core.errors import ExitCode
    from loadgen.run.standing import in_preflight, newest_run, state_of

    waiting = in_preflight(Path(results)) if run_dir is None else None
    if waiting is not None:
        click.echo(f"loadgen: pid {waiting} is in its preflight: no load yet", err=True)
    found = newest_run(Path(results)) if run_dir is None else Path(run_dir)
    if found is None:
        click.echo(f"loadgen: no run below {results}", err=True)
        return ExitCode.USAGE
    state = state_of(found)
    if as_json:
        click.echo(orjson.dumps(state.to_body(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo("\n".join(_lines(state)))
    return ExitCode.OK


def _lines(state: RunState) -> Iterator[str]:
    document = state.document
    process = f"pid {state.pid}" if state.pid is not None else "not running"
    yield f"{document['run_id']}  {state.status}  ({process})"
    yield f"  target   {document['base_url']}, {document['rate']}, concurrency {document['concurrency']}"
    planned_s = document["duration_seconds"]
    yield f"  phase    {state.phase or 'none'}, {min(state.seconds, planned_s):g} s of {planned_s:g} s"
    if document["samples"]:
        yield f"  samples  {document['samples_written']} of {document['samples']}"
    if state.newest:
        row = state.newest
        counts = ", ".join(f"{name} {row[name]:g}" for name in ("sent", "done", "failed", "dropped"))
        yield f"  newest   second {row['second']:g}: {counts}, p99 {_ms(row['p99_ms'])}"
    trip = (document["breaker"] or {}).get("trip")
    if trip:
        yield f"  breaker  {trip['input']} tripped: {trip['metric']} {trip['value']:.4g}, limit {trip['threshold']:g}"
    if document["validity"]:
        yield f"  validity {document['validity']['state']}"
    if document["exit_code"] is not None:
        yield f"  exit     {document['exit_code']}"
    if document["error"]:
        yield f"  error    {document['error']}"


def _ms(value: float | str | None) -> str:
    return "NA" if value is None else f"{value} ms"
