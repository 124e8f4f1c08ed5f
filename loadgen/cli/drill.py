"""`loadgen drill`: break things on purpose and check that it shows; each drill is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

_DRILLS: dict[str, str] = {
    "fallback-surge": "loadgen.cli.drill_incidents:fallback_surge",
    "freeze": "loadgen.cli.drill_incidents:freeze",
    "http-errors": "loadgen.cli.drill_incidents:http_errors",
    "metrics-stall": "loadgen.cli.drill_incidents:metrics_stall",
    "redis-disconnect": "loadgen.cli.drill_incidents:redis_disconnect",
    "redis-latency": "loadgen.cli.drill_incidents:redis_latency",
    "restart": "loadgen.cli.drill_incidents:restart",
    "rules": "loadgen.cli.drill_rules:rules",
    "synth": "loadgen.cli.drill_synth:synth",
    "tabletop": "loadgen.cli.drill_tabletop:tabletop",
}
"""Name of a drill -> module:attribute of its command."""


class DrillGroup(click.Group):
    """A click group that loads a drill's module when the drill is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_DRILLS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _DRILLS:
            return None
        module, _, attribute = _DRILLS[cmd_name].partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))


@click.group(cls=DrillGroup)
def drill() -> None:
    """Bring an incident about, on the demo service, and check that metrics and alerts show it."""
