"""The view that tells others how a run is: over HTTP, in a textfile, or both, beside the view for people.

Laws: what cannot be served or written is found out before anything is sent; taking an event or a state costs
microseconds and never waits; rendering happens in the threads of those who ask.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.clock import SystemClock
from loadgen.core.errors import InputError, Problem
from loadgen.core.events import EventName
from loadgen.core.units import NS_PER_S
from loadgen.core.whole_file import write_whole
from loadgen.view.metric_family import CONTENT_TYPE
from loadgen.view.metrics_server import MetricsServer
from loadgen.view.metrics_textfile import READABLE, MetricsTextfile
from loadgen.view.self_account import SelfAccount
from loadgen.view.self_metrics import exposition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.clock import Clock
    from loadgen.core.events import Event, Progress, View
    from loadgen.core.listen_reader import Listen

EVERY_NS = 10 * NS_PER_S
"""How often the textfile is written; a collector reads it once a scrape."""


class Outlets:
    """Where own metrics go; made before a run, so that what is wrong with them ends the command first.

    Raises InputError naming every one that cannot be.
    """

    def __init__(self, listen: Listen | None, textfile: str) -> None:
        self._textfile = Path(textfile) if textfile else None
        self._listener: socket.socket | None = None
        problems = []
        if listen is not None:
            try:
                family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
                self._listener = socket.create_server((listen.host, listen.port), family=family)
            except OSError as error:
                problems.append(Problem("--self-metrics", str(listen), f"cannot listen there: {error.strerror}"))
        if self._textfile is not None:
            try:
                write_whole(self._textfile, b"", READABLE)
            except OSError as error:
                problems.append(Problem("--metrics-textfile", textfile, f"cannot be written: {error.strerror}"))
        if problems:
            self.close()
            raise InputError(problems)

    @property
    def url(self) -> str:
        """Where the metrics are served, empty where they are not."""
        if self._listener is None:
            return ""
        host, port = self._listener.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"

    def beside(self, view: View, labels: Mapping[str, str], say: Callable[[str], None]) -> View:
        """Return a view that also feeds the outlets, the view itself without any; `say` is told of trouble."""
        if self._listener is None and self._textfile is None:
            return view
        account = SelfAccount(labels, SystemClock().utc_now().timestamp())
        return SelfView(view, account, self._listener, self._textfile, say)

    def close(self) -> None:
        """Give the port back, when no view was made."""
        if self._listener is not None:
            self._listener.close()


class SelfView:
    """Keeps the account and hands everything on."""

    def __init__(
        self,
        view: View,
        account: SelfAccount,
        listener: socket.socket | None,
        textfile: Path | None,
        say: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self._view = view
        self._account = account
        self._say = say
        self._clock = clock or SystemClock()
        self._server = None if listener is None else MetricsServer(listener, self.page, CONTENT_TYPE)
        self._file = None if textfile is None else MetricsTextfile(textfile, self.page)
        self._write_at_ns = 0

    def page(self) -> str:
        """Return the metrics as they are now."""
        return exposition(self._account)

    def progress(self, progress: Progress) -> None:
        self._account = self._account.with_progress(progress)
        self._write(self._clock.monotonic_ns())
        self._view.progress(progress)

    def event(self, event: Event) -> None:
        self._account = self._account.with_event(event, self._clock.utc_now().timestamp())
        if event.name in (EventName.PHASE, EventName.END):
            self._write_at_ns = 0
            self._write(self._clock.monotonic_ns())
        self._view.event(event)

    def close(self) -> None:
        """Write the last page, stop serving, close the view."""
        if self._file is not None:
            self._file.write()
            self._file.close()
            if self._file.trouble:
                self._say(f"own metrics: {self._file.trouble}")
        if self._server is not None:
            self._server.close()
        self._view.close()

    def _write(self, now_ns: int) -> None:
        if self._file is not None and now_ns >= self._write_at_ns:
            self._write_at_ns = now_ns + EVERY_NS
            self._file.write()
