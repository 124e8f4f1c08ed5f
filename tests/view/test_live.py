"""The live view on a real pseudo-terminal: events above, the picture below, never a wait."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from loadgen.core.events import Event, EventName, NoView
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.view.choose import choose
from loadgen.view.live import LiveView
from loadgen.view.plain import PlainView
from tests.support.progress import BUSY, progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

ROOT = Path(__file__).parents[2]
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}


class Terminal:
    """A pseudo-terminal: `stream` is what a program writes to, `text` what has arrived once it is `read`."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self._received = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def read(self) -> None:
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._master, 65_536)
            except OSError:  # the other side was closed
                return
            if not part:
                return
            self._received += part

    def text(self) -> str:
        """Close the terminal and return everything, escape sequences included."""
        if not self.stream.closed:
            self.stream.close()
        self._reader.join(30)
        return self._received.decode()

    def close(self) -> None:
        if not self.stream.closed:
            self.stream.close()
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def _note(text: str) -> Event:
    return Event(EventName.NOTE, NS_PER_S, {"text": text})


def test_events_scroll_above_the_picture_in_order(terminal: Terminal) -> None:
    terminal.read()
    view = LiveView(terminal.stream, title="phase5-dev", environ=TERMINAL)
    view.event(_note("first"))
    view.progress(BUSY)
    view.event(_note("second"))
    view.event(_note("third"))
    view.progress(progress(sample=4))
    view.close(30 * NS_PER_S)

    text = terminal.text()
    shown = _plain(text)
    assert shown.index("note: first") < shown.index("note: second") < shown.index("note: third")
    assert shown.count("note: second") == 1
    assert shown.rindex("sample 4 of 12") > shown.index("note: third")
    assert "loadgen · phase5-dev · main" in shown
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is given back"


def test_no_color_is_obeyed(terminal: Terminal) -> None:
    terminal.read()
    view = LiveView(terminal.stream, environ={**TERMINAL, "NO_COLOR": "1"})
    view.event(Event(EventName.DECISION, None, {"text": "ending"}))
    view.progress(BUSY)
    view.close(30 * NS_PER_S)
    styles = re.findall(r"\x1b\[([0-9;]*)m", terminal.text())
    codes = {int(code) for style in styles for code in style.split(";") if code}
    assert codes <= {0, 1, 2}, "bold and dim at most"


def test_a_terminal_has_colour_otherwise(terminal: Terminal) -> None:
    terminal.read()
    view = LiveView(terminal.stream, environ=TERMINAL)
    view.progress(BUSY)
    view.close(30 * NS_PER_S)
    assert "\x1b[32m" in terminal.text()


def test_a_frozen_terminal_holds_nobody_up_and_the_loss_is_told(terminal: Terminal) -> None:
    view = LiveView(terminal.stream, environ=TERMINAL)
    began = monotonic()
    for number in range(2_500):
        view.event(_note(f"{number} " + "x" * 60))
        view.progress(progress(sent=number))
    assert monotonic() - began < 20
    began = monotonic()
    view.close(50 * NS_PER_MS)
    assert monotonic() - began < 10

    terminal.read()
    view.close(30 * NS_PER_S)
    shown = _plain(terminal.text())
    numbers = [int(match) for match in re.findall(r"note: (\d+) x", shown)]
    assert numbers == sorted(numbers)
    assert len(numbers) >= 1_000
    assert f"{2_500 - len(numbers):,} events not shown" in shown
    assert "2,499" in shown, "the last picture is the latest"


LEAVING = """
import sys
from loadgen.core.events import Event, EventName
from loadgen.view.choose import choose
from tests.support.progress import BUSY
view = choose(sys.stdout, environ={"TERM": "xterm"})
for number in range(3_000):
    view.event(Event(EventName.NOTE, None, {"text": "x" * 60}))
    view.progress(BUSY)
view.close(100_000_000)
"""


def test_a_process_can_leave_a_frozen_terminal(terminal: Terminal) -> None:
    command = [sys.executable, "-c", LEAVING]
    done = subprocess.run(command, stdout=terminal.stream, stderr=subprocess.PIPE, cwd=ROOT, timeout=50, check=False)
    terminal.read()
    assert (done.returncode, done.stderr) == (0, b"")


def test_without_a_picture_the_loss_is_a_line() -> None:
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, os.fdopen(ours, encoding="utf-8") as reader:
        view = LiveView(stream, environ=TERMINAL)
        for number in range(5_000):
            view.event(_note(f"{number} " + "x" * 60))
        view.close(50 * NS_PER_MS)  # nobody has read yet: the pipe is full and the writer waits
        read = threading.Thread(target=lambda: shown.extend(reader), daemon=True)
        shown: list[str] = []
        read.start()
        view.close(30 * NS_PER_S)
        stream.close()
        read.join(30)
    notes = sum("note: " in line for line in shown)
    assert notes >= 1_000
    assert f"{5_000 - notes:,} events not shown" in shown[-1]


def test_a_terminal_that_went_away_is_no_error(terminal: Terminal) -> None:
    view = LiveView(terminal.stream, environ=TERMINAL)
    terminal.close()
    view.event(_note("x"))
    view.progress(BUSY)
    view.event(_note("y"))
    view.close(30 * NS_PER_S)
    terminal.__init__()  # type: ignore[misc] # for the fixture to close


def test_a_terminal_gets_the_live_view_and_all_else_lines(terminal: Terminal) -> None:
    terminal.read()
    for view, kind in (
        (choose(terminal.stream, environ=TERMINAL), LiveView),
        (choose(terminal.stream, environ={"TERM": "dumb"}), PlainView),
        (choose(terminal.stream, environ={}), PlainView),
        (choose(terminal.stream, environ=TERMINAL, plain=True), PlainView),
        (choose(terminal.stream, environ=TERMINAL, json=True), PlainView),
        (choose(io.StringIO(), environ=TERMINAL), PlainView),
        (choose(terminal.stream, environ=TERMINAL, quiet=True), NoView),
    ):
        assert type(view) is kind
        view.progress(BUSY)
        view.event(_note("x"))
        view.close()
