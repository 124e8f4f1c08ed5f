"""`report slo`: how service levels stand over the history of runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reports.analysis.slo_evidence import Evidence, LeftOut


@click.command(short_help="Track availability, latency and success over many runs.")
@click.argument("places", metavar="[DIRECTORY]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--profile",
    type=click.Choice(["production", "staging", "dev"]),
    default="production",
    show_default=True,
    help="Which runs count.",
)
@click.option("--month", metavar="YYYY-MM", help="The month to judge; the newest with runs if not given.")
@click.option(
    "--levels", type=click.Path(dir_okay=False, path_type=Path), help="Service levels of your own: a TOML file."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
def slo(places: tuple[Path, ...], profile: str, month: str | None, levels: Path | None, output: Path | None) -> int:
    """Track the SLO and the SLA over run directories, or over all that stand in a directory (results/ if not given).

    Prints availability, the share of requests within the latency threshold, success, error budget, burn and the
    service credit of a month, and every month's standing. Exit code: 0 all met, 1 one missed, 3 one not known.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import ExitCode, InputError, Problem
    from loadgen.core.rundir import RESULTS
    from reports.analysis.slo_tracking import Standing, track
    from reports.loader.run_list import find_runs
    from reports.loader.service_levels import load_service_levels
    from reports.render.slo_tracking import slo_tracking
    from reports.verbs.publishing import make_place, publish

    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise InputError([Problem("--month", month, "is no month: write it as 2026-03")])
    known = load_service_levels(levels)
    evidence, left_out = _gather(find_runs(places or (RESULTS,)), profile)
    tracking = track(evidence, left_out, known, month)
    if output is not None:
        make_place(output)
    publish(slo_tracking(tracking, utc_now()), output)
    standing = Standing.NA if tracking.judged is None else tracking.judged.standing
    if output is not None:
        click.echo(f"service levels: {standing}, {output}")
    codes = {Standing.MET: ExitCode.OK, Standing.MISSED: ExitCode.NO_GO, Standing.NA: ExitCode.INCOMPLETE}
    return int(codes[standing])


def _gather(paths: tuple[Path, ...], profile: str) -> tuple[list[Evidence], list[LeftOut]]:
    from loadgen.core.rundir import RunDirectory
    from reports.analysis.slo_evidence import Evidence, LeftOut, evidence_of
    from reports.loader.directory import NotARunError, load
    from reports.loader.signals import read_probe_moments

    evidence: list[Evidence] = []
    left_out: list[LeftOut] = []
    for path in paths:
        try:
            found = evidence_of(load(path), read_probe_moments(RunDirectory(path).probes_csv), profile)
        except NotARunError as error:
            found = LeftOut(path.name, str(error))
        if isinstance(found, Evidence):
            evidence.append(found)
        else:
            left_out.append(found)
    return evidence, left_out
