"""The command `report`: one verb a file, loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

_VERBS = {
    "append": "reports.verbs.append:append",
    "archive": "reports.verbs.archive:archive",
    "backup": "reports.verbs.backup:backup",
    "baseline": "reports.verbs.baseline:baseline",
    "cache-audit": "reports.verbs.cache_audit:cache_audit",
    "capacity": "reports.verbs.capacity:capacity",
    "changes": "reports.verbs.changes:changes",
    "chart": "reports.verbs.chart:chart",
    "compare": "reports.verbs.compare:compare",
    "complete": "reports.verbs.complete:complete",
    "dashboard": "reports.verbs.dashboard:dashboard",
    "incident": "reports.verbs.incident:incident",
    "observation": "reports.verbs.observation:observation",
    "partial": "reports.verbs.partial:partial",
    "production": "reports.verbs.production:production",
    "recommend": "reports.verbs.recommend:recommend",
    "regress": "reports.verbs.regress:regress",
    "restore": "reports.verbs.restore:restore",
    "retention": "reports.verbs.retention:retention",
    "rules": "reports.verbs.rules:rules",
    "serve": "reports.verbs.serve:serve",
    "slack": "reports.verbs.slack:slack",
    "slo": "reports.verbs.slo:slo",
    "stage": "reports.verbs.stage:stage",
    "suggest": "reports.verbs.suggest:suggest",
    "thresholds": "reports.verbs.thresholds:thresholds",
    "trend": "reports.verbs.trend:trend",
    "validate": "reports.verbs.validate:validate",
}


class VerbGroup(click.Group):
    """A click group whose verbs are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _VERBS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def report() -> None:
    """Turn run directories into verdicts and reports."""
