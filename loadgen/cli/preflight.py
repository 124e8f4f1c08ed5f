"""`loadgen preflight`: every check before a run, all results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import inputs_of
from loadgen.cli.flags import (
    BREAKER,
    CREDENTIALS,
    LOAD,
    NETWORK,
    OBSERVATION,
    PERMISSION,
    REUSE,
    SCHEDULE,
    SHAPE,
    SOURCES,
    TARGET,
    WARMUP,
    setting_flags,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from loadgen.core.config import Settings
    from loadgen.core.errors import ExitCode
    from loadgen.plan.load import Inputs
    from loadgen.plan.model import Plan
    from loadgen.run.execution import Execution
    from loadgen.run.preflight_model import Check, PreflightResult

_COLOURS = {"PASS": "green", "WARN": "yellow", "FAIL": "red", "SKIP": "bright_black"}
_KINDS = ("baseline", "extended", "fallback-scenario", "warmup", "run")


@click.command()
@with_options(
    TARGET, SHAPE, LOAD, SCHEDULE, WARMUP, CREDENTIALS, NETWORK, REUSE, OBSERVATION, BREAKER, PERMISSION, SOURCES
)
@click.option("--results", "--out", "out", metavar="DIR", help="Where run directories will go.  [results]")
@click.option("--kind", type=click.Choice(_KINDS), default="baseline", show_default=True, help="The run to check for.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option(
    "--scan",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Only look through a source tree for guarded flags that are true.",
)
def preflight(kind: str, as_json: bool, scan: Path | None, **given: Any) -> ExitCode:
    """Make every check before a run and show all results.

    Sends nothing beyond /health, the metrics URLs and one request to each GET or HEAD endpoint. Exits 2 when a check
    failed.
    """
    if scan is not None:
        from loadgen.run.preflight_scan import scan as scan_tree

        return _show(scan_tree(scan), as_json)
    from loadgen.cli.traced import traced

    return traced("preflight", given["out"], lambda execution: _show(_checks(kind, given, execution), as_json))


def _checks(kind: str, given: dict[str, Any], execution: Execution) -> tuple[Check, ...]:
    import asyncio
    import os

    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind
    from loadgen.run.preflight import preflight as make_checks
    from loadgen.run.preflight import surroundings
    from loadgen.run.session import checked_as_step, first_token, redactor_of

    inputs = inputs_of(given)
    settings, plan = load_plan(Kind(kind), given["profile"], setting_flags(given), inputs)
    around = surroundings(settings, inputs.directory, inputs.env_file, _say)
    execution.mask_with(redactor_of(plan))

    async def check() -> tuple[Check, ...]:
        tokened, _ = await first_token(plan, os.environ)
        execution.mask_with(redactor_of(tokened))
        execution.keep_at(Path(settings.out_dir))
        return (await checked_as_step(execution, make_checks(tokened, settings, around))).checks

    return asyncio.run(check())


def checker(settings: Settings, inputs: Inputs) -> Callable[[Plan], Awaitable[PreflightResult]]:
    """Return what a command that runs afterwards does first: every check, shown on standard error."""
    from loadgen.run.preflight import preflight as make_checks
    from loadgen.run.preflight import surroundings

    async def check(plan: Plan) -> PreflightResult:
        result = await make_checks(plan, settings, surroundings(settings, inputs.directory, inputs.env_file, _say))
        print_checks(result.checks, err=True)
        return result

    return check


def _say(sentence: str) -> None:
    click.echo(f"preflight: {sentence}", err=True)


def _show(checks: Sequence[Check], as_json: bool) -> ExitCode:
    from loadgen.core.errors import ExitCode

    failures = sum(check.status == "FAIL" for check in checks)
    warnings = sum(check.status == "WARN" for check in checks)
    if as_json:
        body = {"ok": not failures, "failed": failures, "warned": warnings}
        click.echo(json.dumps({**body, "checks": [check.to_body() for check in checks]}, ensure_ascii=False, indent=2))
    else:
        print_checks(checks)
    return ExitCode.USAGE if failures else ExitCode.OK


def print_checks(checks: Sequence[Check], *, err: bool = False) -> None:
    """Print checks as a table with a last line that counts; NO_COLOR and pipes get no colours."""
    import os

    colour = False if os.environ.get("NO_COLOR") else None
    width = max((len(check.name) for check in checks), default=0)
    for check in checks:
        status = click.style(check.status.value, fg=_COLOURS[check.status.value], bold=check.status == "FAIL")
        click.echo(f"{status}  {check.name:<{width}}  {check.message}", err=err, color=colour)
    counts = {name: sum(check.status == name for check in checks) for name in _COLOURS}
    words = (f"{counts['PASS']} passed", f"{counts['WARN']} warned", f"{counts['FAIL']} failed")
    click.echo(", ".join((*words, f"{counts['SKIP']} skipped")), err=err)
