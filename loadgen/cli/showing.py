"""What a command shows of its run: a view for people, and own metrics where they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.config import Settings
    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.run.execution import Execution

    MakeView = Callable[[RunDirectory], View]


def with_self_metrics(view: MakeView, settings: Settings, execution: Execution) -> MakeView:
    """Return what makes the view, own metrics beside it; raises InputError when those cannot be told."""
    from loadgen.view.self_view import Outlets

    outlets = Outlets(settings.self_metrics, settings.metrics_textfile)
    if outlets.url:
        click.echo(f"loadgen: own metrics at {outlets.url}", err=True)

    def made(place: RunDirectory) -> View:
        trace = execution.trace
        labels = {
            "run_id": place.run_id,
            "command": trace.command,
            "profile": settings.profile,
            "trace_id": trace.trace_id,
            "version": str(trace.metadata["version"]),
        }
        return outlets.beside(view(place), labels, lambda sentence: click.echo(f"loadgen: {sentence}", err=True))

    return made
