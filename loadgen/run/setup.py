"""What a command decides about a run besides its plan: names of children, pid files, what preflight found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from loadgen.core.redact import Redactor
    from loadgen.run.alarm import Alarm
    from loadgen.run.earlier import Earlier
    from loadgen.run.token import Renewal


@dataclass(frozen=True, slots=True)
class Setup:
    """`environment` is what children get, already without secrets.

    `unarmed` maps breaker inputs to the reason why preflight could not arm them. `pid_dir` is where the pid files go,
    None for none. `partial_report` has a partial summary made when the run did not complete. `redactor` masks what
    the run writes, None for one of the plan's secrets; `renewal` keeps the plan's token fresh. `alarm` tells somebody
    of a trip or a failure, None for nobody. `earlier` is the part of an interrupted run that this one goes on from.
    `trace_id` is that of the command's execution trace, empty for none.
    """

    environment: Mapping[str, str]
    worker_module: str = "loadgen.worker"
    observer_module: str = "observer"
    stop_file: Path | None = None
    pid_dir: Path | None = None
    detached: bool = False
    partial_report: bool = True
    unarmed: Mapping[str, str] = field(default_factory=dict)
    preflight: Sequence[Mapping[str, Any]] = ()
    redactor: Redactor | None = None
    renewal: Renewal | None = None
    alarm: Alarm | None = None
    earlier: Earlier | None = None
    trace_id: str = ""
