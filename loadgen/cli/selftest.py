"""`loadgen selftest`: this host's own floor, measured against a null server on loopback."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--duration", "-d", metavar="DURATION", default="5s", show_default=True, help="How long each rate runs.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep the record here.")
@click.option("--json", is_flag=True, help="Print the record on stdout.")
def selftest(duration: str, record: Path | None, json: bool) -> int:
    """Measure what this generator adds by itself on this host: latency, lag, and the highest rate of a worker.

    Every later summary and report says how far above this floor its results lie. The record is kept in
    $XDG_STATE_HOME/loadgen/floor.json (~/.local/state/…) and counts for this host, kernel, Python and version only.
    Takes about 20 s. Exit code 0, or 2 when there is no floor to be had.
    """
    import asyncio
    import os
    import sys

    import orjson

    from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem
    from loadgen.core.units import NS_PER_S, parse_duration_ns
    from loadgen.run.floor import prepare_record, record_path, write_record
    from loadgen.run.selftest import Lengths, floor_text, measure_floor

    problems: list[Problem] = []
    rate_ns = 0
    try:
        rate_ns = parse_duration_ns(duration)
        if not NS_PER_S <= rate_ns <= 60 * NS_PER_S:
            problems.append(Problem("--duration", duration, "from 1s to 60s"))
    except ValueError as error:
        problems.append(Problem("--duration", duration, str(error)))
    place = record or record_path(os.environ)
    try:
        prepare_record(place)
    except OSError as error:
        remedy = f"the record cannot be kept there: {error.strerror}"
        problems.append(Problem("XDG_STATE_HOME" if record is None else "--record", str(place), remedy))
    if problems:
        raise InputError(problems)
    lengths = Lengths(rate_ns, min(3 * NS_PER_S, rate_ns))
    measured = asyncio.run(measure_floor(os.environ, lengths, lambda line: click.echo(line, err=True)))
    try:
        write_record(place, measured)
    except OSError as error:
        raise LoadgenError(f"{place}: the record cannot be kept: {error.strerror}") from error
    if json:
        sys.stdout.buffer.write(orjson.dumps(measured, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        click.echo(floor_text(measured, place))
    return ExitCode.OK
