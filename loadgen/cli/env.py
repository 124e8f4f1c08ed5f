"""`loadgen env capture`: what this environment is, without its secrets, and whether the endpoints answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import inputs_of
from loadgen.cli.flags import CREDENTIALS, METRICS, NETWORK, SOURCES, TARGET, setting_flags, with_options

if TYPE_CHECKING:
    from loadgen.core.errors import ExitCode
    from loadgen.plan.load import Inputs
    from loadgen.run.preflight_model import Check


@click.group()
def env() -> None:
    """Record the environment."""


@env.command()
@with_options(TARGET, METRICS, CREDENTIALS, NETWORK, SOURCES)
@click.option("--check", is_flag=True, help="Ask health, endpoints and metrics URLs again.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the record to this file.")
def capture(check: bool, out: Path | None, **given: Any) -> ExitCode:
    """Record versions and settings as markdown, and with --check how the endpoints answer.

    Only variables of loadgen's own list are told, secret ones only as set or not. With --check nothing is sent beyond
    /health, the metrics URLs and one request to each GET or HEAD endpoint. Exit code 2 when one of them does not answer
    as it should.
    """
    import asyncio
    import os

    from loadgen.core.clock import utc_now
    from loadgen.core.config import env_file_for
    from loadgen.core.errors import ExitCode, InputError
    from loadgen.core.setting_layers import env_file_layer
    from loadgen.run.environment import record_text, shown_settings

    inputs = inputs_of(given)
    env_file = inputs.env_file or env_file_for(given["profile"], inputs.directory)
    layer = None if env_file is None else env_file_layer(env_file)
    if layer is not None and layer.problems:
        raise InputError(layer.problems)
    checks = asyncio.run(_checks(given, inputs)) if check else None
    text = record_text(given["profile"] or "dev", shown_settings(os.environ, layer), checks, utc_now())
    if out is None:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    failed = [item for item in checks or () if item.status == "FAIL"]
    for item in failed:
        click.echo(f"FAIL  {item.name}  {item.message}", err=True)
    return ExitCode.USAGE if failed else ExitCode.OK


async def _checks(given: dict[str, Any], inputs: Inputs) -> tuple[Check, ...]:
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind
    from loadgen.run.environment import ask_endpoints

    _, plan = load_plan(Kind.BASELINE, given["profile"], setting_flags(given), inputs)
    return await ask_endpoints(plan)


def _write(out: Path, text: str) -> None:
    from loadgen.core.errors import LoadgenError

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LoadgenError(f"{out}: cannot be written ({error.strerror})") from error
    click.echo(f"environment record: {out}")
