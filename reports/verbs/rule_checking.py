"""What `report rules check` looks at: the files, promtool's opinion of them, and what a server makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import click

from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem, worst_exit
from loadgen.core.prom_api import Prometheus
from reports.analysis.rules.names import unknown_names
from reports.loader.rule_files import read_rule_file
from reports.verbs.rule_writing import ALERTS, RECORDING, TESTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.model.rule import WrittenRule
    from reports.verbs.rule_writing import Written

_TIMEOUT_S = 300
PACKAGE = "prometheus"


def check_rules(out: Path, texts: Mapping[Path, str], written: Written, prom_url: str | None) -> int:
    """Tell what is wrong with the files in a directory; return the exit code."""
    server = Prometheus(prom_url, header=os.environ.get("PROM_AUTH_HEADER", "")) if prom_url is not None else None
    _demand(texts)
    codes = [_current(texts)]
    rules = [rule for name in (RECORDING, ALERTS) for rule in read_rule_file(out / name)]
    promtool = shutil.which("promtool")
    codes.append(_names(rules, written) if promtool is None else _promtool(promtool, out))
    if server is not None:
        codes.append(_ask(server, [rule for rule in rules if not rule.alert]))
    return int(worst_exit(codes))


def _demand(texts: Mapping[Path, str]) -> None:
    missing = [path for path in texts if not path.is_file()]
    if missing:
        remedy = "there is no such file: write it with `loadgen report rules`"
        raise InputError([Problem("rules file", str(path), remedy) for path in missing])


def _current(texts: Mapping[Path, str]) -> ExitCode:
    stale = [path for path, text in texts.items() if path.read_text("utf-8", "replace") != text]
    for path in stale:
        click.echo(f"FAIL  {path} is not what these settings give: write it again, or name the settings it is from")
    if not stale:
        click.echo(f"PASS  {len(texts)} files are what these settings give")
    return ExitCode.NO_GO if stale else ExitCode.OK


def _promtool(promtool: str, out: Path) -> ExitCode:
    files = [str(out / name) for name in (RECORDING, ALERTS)]
    checks = (
        ("promtool check rules", ["check", "rules", "--lint=all", "--lint-fatal", *files]),
        ("promtool test rules", ["test", "rules", *(str(out / name) for name in TESTS)]),
    )
    return worst_exit([_run(name, [promtool, *arguments]) for name, arguments in checks])


def _run(name: str, command: list[str]) -> ExitCode:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoadgenError(f"{name} cannot be run: {error}") from error
    if done.returncode == 0:
        click.echo(f"PASS  {name}")
        return ExitCode.OK
    click.echo(f"FAIL  {name}\n{done.stdout}{done.stderr}".rstrip())
    return ExitCode.NO_GO


def _names(rules: list[WrittenRule], written: Written) -> ExitCode:
    click.echo(f"NA    promtool is not installed (Debian package {PACKAGE}): only metric names are checked")
    lacking = unknown_names(rules, written.facts)
    for name, names in lacking.items():
        click.echo(f"FAIL  {name} reads what no profile exposes and no rule records: {', '.join(sorted(names))}")
    if not lacking:
        click.echo(f"PASS  the profiles expose, or a rule records, every metric of {len(rules)} rules")
    return ExitCode.NO_GO if lacking else ExitCode.OK


def _ask(server: Prometheus, recordings: list[WrittenRule]) -> ExitCode:
    loaded = {rule.name: rule.error for rule in server.rules() if rule.kind == "recording"}
    codes = []
    for rule in recordings:
        inside = ",".join(f'{name}="{value}"' for name, value in rule.labels.items())
        shown = f"{rule.name}{{{inside}}}" if inside else rule.name
        if rule.name not in loaded:
            click.echo(f"FAIL  {shown}: the server has no such rule; load the file and reload it")
            codes.append(ExitCode.NO_GO)
        elif loaded[rule.name]:
            click.echo(f"FAIL  {shown}: {loaded[rule.name]}")
            codes.append(ExitCode.NO_GO)
        else:
            codes.append(_data(server, shown))
    full = codes.count(ExitCode.OK)
    click.echo(f"{'PASS' if full == len(codes) else 'NA':<4}  {full} of {len(codes)} recording rules return data")
    return worst_exit(codes)


def _data(server: Prometheus, selector: str) -> ExitCode:
    if server.query(f"count({selector})"):
        return ExitCode.OK
    click.echo(f"NA    {selector} returns no data: nothing of the kind has happened, or its metric is missing")
    return ExitCode.INCOMPLETE
