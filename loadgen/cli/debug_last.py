"""`loadgen debug-last`: the execution trace of the last command, for whoever looks for what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.errors import ExitCode


@click.command(name="debug-last")
@click.option("--results", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where traces are.")
@click.option("--profile", metavar="dev|staging|production", help="Whose env file may switch this on.")
@click.option("--env-file", type=click.Path(path_type=Path), help="Settings file that may switch this on.")
@click.option("--json", "as_json", is_flag=True, help="The whole trace as JSON.")
def debug_last(results: Path | None, profile: str | None, env_file: Path | None, as_json: bool) -> ExitCode:
    """Show what the last command did, step by step, how long it took and why it failed.

    Off unless ENABLE_DEBUG_CMD=true stands in the environment or the env file. Secrets are masked; the traces lie in
    results/.traces.jsonl, which only its owner may read. Exit code 0, also when there is no trace yet, and 2 where it
    is switched off.
    """
    import os

    from loadgen.core.config import env_file_for, read_settings
    from loadgen.core.errors import ExitCode, LoadgenError
    from loadgen.core.trace_store import get_trace_store

    # whatever else is wrong with the settings may be what is looked for here
    settings, _ = read_settings(profile, {}, os.environ, env_file or env_file_for(profile, Path.cwd()))
    _refuse_unless_on(settings.variables)
    store = get_trace_store(results or Path(settings.out_dir))
    try:
        stored = store.read()
    except OSError as error:
        raise LoadgenError(f"{store.path}: {error.strerror}") from error
    if stored.broken:
        click.echo(f"loadgen: {store.path}: {stored.broken} broken lines were passed over", err=True)
    if not stored.traces:
        click.echo("null" if as_json else f"No execution trace in {store.path} yet: run a command first.")
        return ExitCode.OK
    _show(stored.traces[-1], as_json=as_json)
    return ExitCode.OK


def _refuse_unless_on(variables: Mapping[str, object]) -> None:
    from loadgen.core.errors import InputError, Problem
    from loadgen.core.setting_readers import is_true

    given = str(variables.get("ENABLE_DEBUG_CMD") or "")
    if not is_true(given):
        remedy = "debug-last is switched off: set ENABLE_DEBUG_CMD=true in the environment or the env file"
        raise InputError([Problem("ENABLE_DEBUG_CMD", given or None, remedy)])


def _show(trace: dict[str, Any], *, as_json: bool) -> None:
    import json

    from loadgen.core.redact import Redactor
    from loadgen.view.last_trace import standing_of, trace_text

    masked = Redactor().structure(trace)
    assert isinstance(masked, dict)
    run_dir = masked["metadata"].get("run_dir")
    if run_dir and not Path(str(run_dir)).exists():
        masked["metadata"]["run_dir"] = f"{run_dir} (not there any more)"
    alive = _is_alive(masked["metadata"])
    if as_json:
        standing = standing_of(masked, alive=alive)
        click.echo(json.dumps({**masked, "standing": standing}, ensure_ascii=False, indent=2))
    else:
        click.echo(trace_text(masked, alive=alive))


def _is_alive(metadata: Mapping[str, Any]) -> bool:
    """Say whether the process that a trace names still runs."""
    from loadgen.run.lock import Holder

    try:
        return Holder(int(metadata["pid"]), float(metadata["pid_started"]), "").alive()
    except (KeyError, TypeError, ValueError):
        return False
