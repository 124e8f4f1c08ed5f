"""`loadgen alerts`: which alerts a Prometheus server has firing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from loadgen.core.patience import timeout_option

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRING = 'ALERTS{alertstate="firing"}'
_RANKS = {"critical": 0, "warning": 1, "info": 2}


@click.group()
def alerts() -> None:
    """Ask a Prometheus server about alerts."""


@alerts.command()
@click.option(
    "--prom-url", default="http://localhost:19190", show_default=True, metavar="URL", help="Base URL of the server."
)
@click.option("--severity", multiple=True, metavar="NAME", help="Only alerts of this severity (repeatable).")
@timeout_option
@click.option("--json", "as_json", is_flag=True, help="Print the labels of each alert as JSON.")
def check(prom_url: str, severity: tuple[str, ...], timeout: float, as_json: bool) -> int:
    """List the alerts that fire, the most severe first.

    PROM_AUTH_HEADER ('Name: value') is sent along. Exit code: 0 none fires, 1 some do, 2 the server cannot be asked.
    """
    from loadgen.core.errors import ExitCode
    from loadgen.core.prom_api import Prometheus

    server = Prometheus(prom_url, header=os.environ.get("PROM_AUTH_HEADER", ""), timeout_s=timeout)
    firing = [dict(item.labels) for item in server.query(FIRING)]
    found = [labels for labels in firing if not severity or labels.get("severity") in severity]
    others = len(firing) - len(found)
    found.sort(key=lambda labels: (_RANKS.get(labels.get("severity", ""), 3), sorted(labels.items())))
    if as_json:
        _print_json(found)
    else:
        for labels in found:
            click.echo(_line(labels))
        beside = f", and {others} of another severity" if others else ""
        click.echo(f"{len(found) or 'no'} alert{'' if len(found) == 1 else 's'} firing{beside}")
    return int(ExitCode.NO_GO if found else ExitCode.OK)


def _line(labels: Mapping[str, str]) -> str:
    beside = ("__name__", "alertname", "alertstate", "severity", "family")
    where = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in beside)
    return f"{labels.get('severity', 'no severity'):<9} {labels.get('alertname', '?')}" + (
        f"  {where}" if where else ""
    )


def _print_json(found: list[dict[str, str]]) -> None:
    import orjson

    listed = [{name: value for name, value in labels.items() if name != "__name__"} for labels in found]
    click.echo(orjson.dumps({"firing": len(listed), "alerts": listed}, option=orjson.OPT_INDENT_2).decode())
