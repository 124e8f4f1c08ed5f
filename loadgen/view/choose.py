"""Which view fits a stream: live on a terminal, plain lines elsewhere, none when asked for none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from loadgen.core.events import NoView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from loadgen.core.events import View

__all__ = ["choose"]


def choose(
    stream: TextIO,
    *,
    json: bool = False,
    plain: bool = False,
    quiet: bool = False,
    title: str = "",
    environ: Mapping[str, str] | None = None,
) -> View:
    """Return the view that fits a stream: nothing when `quiet`, live on a terminal, plain lines otherwise.
    `plain` wants lines on a terminal too.

    With `json` standard output belongs to a machine: the caller gives standard error, and lines are plain. `title`
    names the run. NO_COLOR and TERM are obeyed, from `environ` or the process's environment.
    """
    if quiet:
        return NoView()
    environment = os.environ if environ is None else environ
    if not (json or plain) and stream.isatty() and environment.get("TERM", "") not in ("", "dumb"):
        from loadgen.view.live import LiveView  # rich takes a while to import

        return LiveView(stream, title=title, environ=environment)
    from loadgen.view.plain import PlainView

    return PlainView(stream)
