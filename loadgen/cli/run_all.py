"""`loadgen run-all`: wait until ready, warm up, exercise, validate, report, append, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import asked_of, refuse_beside_demo
from loadgen.cli.flags import CREDENTIALS, NETWORK, SOURCES, with_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.config import Settings
    from loadgen.core.errors import ExitCode
    from loadgen.plan.load import Inputs
    from loadgen.plan.model import Plan
    from loadgen.run.execution import Execution
    from loadgen.run.round_validation import Wanted

_OWN = ("na_policy", "thresholds", "append_to")


@click.command()
@click.option("--base-url", metavar="URL", help="The service under test.  [LOAD_BASE_URL, API_BASE]")
@click.option("--demo", is_flag=True, help="Start the demo service and use it; so it is without a base URL.")
@click.option("--metrics-url", multiple=True, metavar="URL", help="Metrics page or Prometheus; repeatable.")
@click.option("--metrics-auth-header", metavar="'NAME: VALUE'", help="Header of scrapes.  [METRICS_AUTH_HEADER]")
@click.option("--metric-profile", metavar="NAME|FILE", help="Which series feed which metric.  [metasheet]")
@click.option("--count-cache-miss", is_flag=True, help="Count cache misses as fallbacks.")
@click.option("--exercise", is_flag=True, help="Reload plugins, make and restore snapshots, force fallbacks.")
@click.option("--allow-writes", is_flag=True, help="Let --exercise change data in production.")
@with_options(CREDENTIALS, NETWORK, SOURCES)
@click.option("--thresholds", type=click.Path(path_type=Path), help="Thresholds file instead of the one shipped.")
@click.option("--na-policy", type=click.Choice(["strict", "neutral"]), default="strict", show_default=True)
@click.option(
    "--append-to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/PHASE5_COMPLETION_REPORT.md"),
    show_default=True,
    help="Completion report that gets a section for this round.",
)
def run_all(**given: Any) -> ExitCode:
    """The validator's whole round: wait until ready, warm up, exercise, validate, report, append, print.

    Without a base URL the demo service is started and used. The JSON goes to OUT_JSON, the markdown to OUT_MD
    (phase5.json and phase5.md in TMPDIR if not set). REDIS_SAMPLES, SNAP_CREATE_COUNT, SNAP_RESTORE_COUNT,
    SNAP_SLEEP_SECS, RELOAD_COUNT and PLUGIN_NAME say how much is exercised. Exit code: that of `report validate`.
    """
    from loadgen.cli.traced import traced

    return traced("run-all", None, lambda execution: _run_all(given, execution))


def _run_all(given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import asyncio

    from loadgen.core.errors import ExitCode

    asked = asked_of(given, *_OWN)
    flags, inputs, settings = asked.flags, asked.inputs, asked.settings
    execution.note(profile=settings.profile)
    try:
        if asked.demo:
            refuse_beside_demo(settings, "base_url", "metrics_url")
            return asyncio.run(_on_demo(given, flags, inputs, settings, execution))
        return asyncio.run(_round(*_plan(given, flags, inputs, settings), Path(settings.out_dir), execution))
    except KeyboardInterrupt:
        return ExitCode.SIGINT


async def _on_demo(
    given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs, settings: Settings, execution: Execution
) -> ExitCode:
    import os

    from loadgen.run.demo_service import DemoService

    _plan(given, _demo_flags(flags, "http://127.0.0.1:1"), inputs, settings)  # all is checked before it is started
    async with DemoService(os.environ) as demo:
        click.echo(f"run-all: demo service at {demo.url}", err=True)
        plan, wanted = _plan(given, _demo_flags(flags, demo.url), inputs, settings)
        return await _round(plan, wanted, Path(settings.out_dir), execution)


def _demo_flags(flags: Mapping[str, object], url: str) -> dict[str, object]:
    """Return the flags for the demo service: its own addresses, whatever METRICS_URL an environment has."""
    return {**flags, "demo": True, "base_url": url, "metrics_url": (f"{url}/metrics/prom",)}


async def _round(plan: Plan, wanted: Wanted, results: Path, execution: Execution) -> ExitCode:
    import os

    from loadgen.core.errors import ExitCode
    from loadgen.run.round import Tally, send_round, wait_ready
    from loadgen.run.round_validation import code_of, validate
    from loadgen.run.session import first_token, redactor_of

    execution.mask_with(redactor_of(plan))
    plan, _ = await first_token(plan, os.environ)
    execution.mask_with(redactor_of(plan))
    execution.keep_at(results)
    with execution.step("wait ready") as step:
        step.details["tries"] = tries = await wait_ready(plan)
    click.echo(f"run-all: the metrics can be read (try {tries})", err=True)
    tally = Tally()
    with execution.step("exercise") as step:
        await send_round(plan, wanted.counts, tally)
        step.details["requests"] = tally.outcomes.total()
    for line in tally.lines():
        click.echo(f"run-all: {line}", err=True)
    with execution.step("validate"):
        answer = await validate(plan, wanted, tally.warmup_s)
    click.echo(answer.stdout, nl=False)
    click.echo(answer.stderr, err=True, nl=False)
    code = code_of(answer)
    if code is not ExitCode.USAGE:
        click.echo(f"run-all: wrote {wanted.out_json} and {wanted.out_md}, appended to {wanted.append_to}", err=True)
    click.echo(f"loadgen exit {int(code)} ({code.meaning})", err=True)
    return code


def _plan(
    given: Mapping[str, Any], flags: Mapping[str, object], inputs: Inputs, settings: Settings
) -> tuple[Plan, Wanted]:
    """Return the plan and what is wanted of the validation; raise InputError with all problems of both."""
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind
    from loadgen.run.round_validation import Wanted, counts_of, place_of

    problems: list[Problem] = []
    wanted = Wanted(
        counts=counts_of(settings.variables, inputs.environ, problems),
        out_json=place_of(settings.variables, "OUT_JSON", "phase5.json"),
        out_md=place_of(settings.variables, "OUT_MD", "phase5.md"),
        append_to=given["append_to"],
        run_id=f"run-all-{utc_now():%Y%m%d-%H%M%S}",
        na_policy=given["na_policy"],
        thresholds=given["thresholds"],
    )
    try:
        _, plan = load_plan(Kind.BASELINE, given["profile"], flags, inputs)
    except InputError as error:
        named = {problem.key for problem in error.problems}
        raise InputError([*error.problems, *(item for item in problems if item.key not in named)]) from error
    if problems:
        raise InputError(problems)
    return plan, wanted
