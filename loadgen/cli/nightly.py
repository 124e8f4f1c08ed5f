"""`loadgen nightly`: the whole nightly round, each part of it a command of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from loadgen.core.errors import ExitCode
    from loadgen.run.execution import Execution
    from loadgen.run.nightly import Asked, Step

_PASSED_ON = (
    "base_url",
    "metrics_url",
    "metric_profile",
    "jwt_file",
    "profile",
    "env_file",
    "plan_file",
    "scenario",
    "na_policy",
)
_RENAMED = {"plan_file": "--plan"}
_FLAGS = ("demo", "exercise", "allow_writes", "count_cache_miss")
_TRIES = 5


@click.command()
@click.option("--base-url", metavar="URL", help="The service under test.  [LOAD_BASE_URL, API_BASE]")
@click.option("--metrics-url", multiple=True, metavar="URL", help="Metrics page or Prometheus; repeatable.")
@click.option("--metric-profile", metavar="NAME|FILE", help="Which series feed which metric.  [metasheet]")
@click.option("--jwt-file", metavar="FILE", help="File with the bearer token; else PROD_JWT.")
@click.option("--demo", is_flag=True, help="Start the demo service and use it; its history lies below results/demo.")
@click.option("--exercise", is_flag=True, help="Reload plugins, make and restore snapshots, force fallbacks.")
@click.option("--allow-writes", is_flag=True, help="Let --exercise change data in production.")
@click.option("--count-cache-miss", is_flag=True, help="Count cache misses as fallbacks.")
@click.option("--na-policy", type=click.Choice(["strict", "neutral"]), help="As in `loadgen run-all`.  [strict]")
@click.option("--profile", type=click.Choice(["dev", "staging", "production"]), help="Whose env file and rules apply.")
@click.option("--env-file", type=click.Path(dir_okay=False), metavar="FILE", help="Settings file to read.")
@click.option("--load", is_flag=True, help="Take a baseline first, by LOAD_SAMPLES and the like, and judge its run.")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="Plan file (TOML): endpoints and load.")
@click.option("--scenario", metavar="NAME", help="The plan file's [scenario.NAME].")
@click.option("--run", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Judge this finished run.")
@click.option("--thresholds", type=click.Path(dir_okay=False, path_type=Path), help="Thresholds file of your own.")
@click.option("--results", type=click.Path(file_okay=False, path_type=Path), default=Path("results"), show_default=True)
@click.option("--baselines", type=click.Path(file_okay=False, path_type=Path), help="Baselines.  [baseline]")
def nightly(**given: Any) -> ExitCode:
    """Run the nightly round: probe, validate, report, compare, keep the night, trend, suggest, rotate.

    The service is validated by `loadgen run-all`, or by the run that --load makes or --run names. The night is kept as
    results/nightly/phase5-YYYYMMDD.json, as na where the service could not be reached; reports go to
    results/nightly-report. Credentials come from the environment and files alone. With ENABLE_ALERTS=true the summary
    goes to SLACK_WEBHOOK_URL, and whether it arrives changes nothing. Exit code: the worst of the steps; 3 when the
    service could not be reached.
    """
    from loadgen.cli.traced import traced

    return traced("nightly", given["results"], lambda execution: _nightly(given, execution))


def _nightly(given: dict[str, Any], execution: Execution) -> ExitCode:
    from loadgen.core.errors import InputError, Problem
    from loadgen.core.execution_trace import StepStatus
    from loadgen.run.nightly import Night

    service = given["demo"] or given["base_url"] or given["metrics_url"] or given["load"]
    if given["run"] is not None and service:
        raise InputError(
            [Problem("--run", str(given["run"]), "goes without a service: it is judged by its own record")]
        )
    asked = _asked(given)
    execution.keep_at(given["results"])

    def start(step: Step) -> int:
        begun = execution.begin(step.name)
        code = _start(step)
        done = step.judges or code in (0, *step.harmless)
        execution.end(begun, StepStatus.SUCCESS if done else StepStatus.FAILURE, exit_code=code)
        return code

    return Night(asked, start, lambda line: click.echo(f"nightly: {line}", err=True)).conduct()


def _asked(given: dict[str, Any]) -> Asked:
    from loadgen.core.config import env_file_for
    from loadgen.run.nightly import Asked, Places

    env_file = Path(given["env_file"]) if given["env_file"] else env_file_for(given["profile"], Path.cwd())
    base: Path = given["results"] / "demo" if given["demo"] else given["results"]
    baselines = given["baselines"] or (base / "baseline" if given["demo"] else Path("baseline"))
    places = Places(base / "nightly", baselines, base / "nightly-report")
    asked = Asked(
        places=places,
        run=given["run"],
        load=tuple(_passed_on(given, "na_policy")) if given["load"] else (),
        service=tuple(_passed_on(given)),
        thresholds=given["thresholds"],
        na_policy=given["na_policy"] or "strict",
        env_file=env_file,
        tell=_is_to_tell(env_file),
    )
    return asked if given["demo"] or given["run"] is not None else _probed(given, asked)


def _is_to_tell(env_file: Path | None) -> bool:
    """Say whether messages are switched on and somebody gets them; raise InputError for settings that are none."""
    import os

    from loadgen.core.setting_layers import env_file_layer
    from loadgen.notify.channel import NAMES, messaging_of

    below = {} if env_file is None else env_file_layer(env_file).values
    messaging = messaging_of({name: os.environ.get(name) or below.get(name) for name in NAMES})
    return messaging.alerts_enabled and messaging.summary is not None


def _passed_on(given: dict[str, Any], *without: str) -> list[str]:
    """Return the options that run-all and baseline get: none of them is a secret."""
    words = []
    for name in (name for name in _PASSED_ON if name not in without):
        value = given[name]
        for text in value if isinstance(value, tuple) else [value] if value else []:
            words += [_RENAMED.get(name, f"--{name.replace('_', '-')}"), str(text)]
    return words + [f"--{name.replace('_', '-')}" for name in _FLAGS if given[name]]


def _probed(given: dict[str, Any], asked: Asked) -> Asked:
    """Add where the metrics are, or why they cannot be read; raise InputError when it is not clear whose."""
    import asyncio
    from dataclasses import replace

    from loadgen.cli.asked import inputs_of
    from loadgen.cli.flags import setting_flags
    from loadgen.core.errors import InputError, LoadgenError, Problem
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind
    from loadgen.run.round import wait_ready

    flags = setting_flags(given, "run", "thresholds", "results", "baselines", "na_policy", "demo", "load")
    inputs = inputs_of(given)
    settings, plan = load_plan(Kind.BASELINE, given["profile"], flags, inputs)
    if settings.base_url is None:
        raise InputError([Problem("LOAD_BASE_URL", None, "missing: give --base-url, or --demo for the demo service")])
    try:
        tries = asyncio.run(wait_ready(plan, tries=_TRIES))
    except LoadgenError as error:
        return replace(asked, unreachable=str(error))
    click.echo(f"nightly: probe: the metrics can be read (try {tries})", err=True)
    assert plan.observation is not None
    return replace(asked, metrics_urls=plan.observation.metrics_urls)


def _start(step: Step) -> int:
    """Run one step on our own terminal; a trusted one reads credentials from the environment, as any command does."""
    import os

    from loadgen.run.launch import Spec, child_environment, run_to_end

    environment = dict(os.environ) if step.trusted else child_environment(os.environ)
    return run_to_end(Spec(step.name, step.module, 0, step.arguments, environment | dict(step.environment)))
