"""The live view: events scroll by as lines, the picture of the run stays below them.

Laws: all output happens in the view's own thread; a new picture replaces one that was not yet drawn; a terminal that
stands still, or goes away, never holds up the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from loadgen.core.background import CLOSE_TIMEOUT_NS, Background
from loadgen.view.frame import frame
from loadgen.view.raw_text import RawText
from loadgen.view.sentences import Tone, sentence_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from loadgen.core.events import Event, Progress

BOUND_EVENTS = 1_000
_TONES = {Tone.QUIET: "dim", Tone.PLAIN: "", Tone.GOOD: "green", Tone.WARNING: "yellow", Tone.ALARM: "bold red"}


class LiveView:
    """Draws on a terminal with rich; `title` names the run."""

    def __init__(self, stream: TextIO, *, title: str = "", environ: Mapping[str, str] | None = None) -> None:
        out = cast("TextIO", RawText(stream))  # rich needs no more of a file than RawText has
        self._console = Console(file=out, highlight=False, markup=False, emoji=False, _environ=environ)
        self._title = title
        self._picture: Live | None = None
        self._latest: Progress | None = None
        self._drawn: Progress | None = None
        self._lost_shown = 0
        self._gone = False
        self._closing = False
        self._writer = Background(self._draw, name="live-view", bound=BOUND_EVENTS)

    def progress(self, progress: Progress) -> None:
        """Show a new picture as soon as the terminal takes it; a later one may come first."""
        self._latest = progress
        self._writer.nudge()

    def event(self, event: Event) -> None:
        self._writer.put(event)

    def close(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> None:
        """Draw what is left and give the cursor back, waiting a bounded time for a terminal that stands still."""
        self._closing = True
        self._writer.close(timeout_ns)

    def _draw(self, events: Sequence[Event], lost: int) -> int:
        if self._gone:
            return len(events)
        try:
            if events:
                self._console.print(Text("\n").join(_line(event) for event in events), soft_wrap=True)
            self._show(lost)
            if self._closing and not events:
                self._finish(lost)
        except (OSError, ValueError):  # the terminal went away: the run goes on without it
            self._gone = True
            return len(events)
        return 0

    def _show(self, lost: int) -> None:
        latest = self._latest
        if latest is None or (latest is self._drawn and lost == self._lost_shown):
            return
        self._drawn, self._lost_shown = latest, lost
        width, height = self._console.size
        picture = frame(latest, width=width, height=height, title=self._title, lost=lost)
        if self._picture is None:
            self._picture = Live(
                picture, console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._picture.start(refresh=True)
        else:
            self._picture.update(picture, refresh=True)

    def _finish(self, lost: int) -> None:
        if self._picture is not None:
            self._picture.stop()
        elif lost > self._lost_shown:
            self._lost_shown = lost
            self._console.print(Text(f"{'':>8}  {lost:,} events not shown", style="yellow"))


def _line(event: Event) -> Text:
    sentence = sentence_of(event)
    return Text.assemble((f"{sentence.at:>8}  ", "dim"), (sentence.text, _TONES[sentence.tone]))
