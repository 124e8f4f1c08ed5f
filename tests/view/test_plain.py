"""Plain lines: one per event, one of progress every ten seconds, never a wait."""

from __future__ import annotations

import io
import os
import threading
from time import monotonic

from loadgen.core.events import Event, EventName
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.view.plain import BOUND_LINES, PlainView, progress_line
from tests.support.progress import BUSY, progress


def test_a_line_of_progress_says_everything() -> None:
    assert progress_line(BUSY) == (
        "    0:46  main | 79.0/s of 80.0/s | sent 3,680 | failed 9 (0.24 %: http_5xx 7, timeout 2) | "
        "p50 4.21 ms p95 12.8 ms p99 31.0 ms max 120 ms | lag p99 42.3 µs | in flight 2, backlog 0 | "
        "client 0.24 % of 2 % | error_rate 1.10 % of 2 % | sample 3 of 12 | 1:14 left | VALID"
    )


def test_when_the_schedule_is_through_no_rate_is_missed() -> None:
    line = progress_line(progress(elapsed_ns=125 * NS_PER_S, achieved_rate_per_s=3.0, target_rate_per_s=0.0))
    assert line.startswith("    2:05  main | draining | sent")


def test_progress_is_told_every_ten_seconds_of_each_phase() -> None:
    out = io.StringIO()
    view = PlainView(out)
    for phase in ("warmup", "main"):
        for half_s in range(61):
            view.progress(progress(phase=phase, elapsed_ns=half_s * NS_PER_S // 2))
    view.close()
    told = [line.split(" | ")[0].split() for line in out.getvalue().splitlines()]
    assert told == [[at, phase] for phase in ("warmup", "main") for at in ("0:10", "0:20", "0:30")]


def test_events_are_told_at_once_and_in_order() -> None:
    out = io.StringIO()
    view = PlainView(out)
    for number in range(3):
        view.event(Event(EventName.NOTE, number * NS_PER_S, {"text": str(number)}))
    view.progress(progress(elapsed_ns=10 * NS_PER_S))
    view.event(Event(EventName.END, 11 * NS_PER_S, {"text": "completed", "exit_code": 0}))
    view.close()
    lines = out.getvalue().splitlines()
    assert lines[:3] == [f"    0:0{number}  note: {number}" for number in range(3)]
    assert lines[3].startswith("    0:10  main | ")
    assert lines[4] == "    0:11  end: completed (exit 0)"


def test_a_frozen_pipe_holds_nobody_up_and_the_loss_is_told() -> None:
    read_end, write_end = os.pipe()
    received = bytearray()
    with os.fdopen(write_end, "w", encoding="utf-8") as stream, os.fdopen(read_end, "rb", buffering=0) as reader:
        view = PlainView(stream)
        began = monotonic()
        for number in range(5_000):
            view.event(Event(EventName.NOTE, None, {"text": f"{number} " + "x" * 100}))
        assert monotonic() - began < 20
        began = monotonic()
        view.close(50 * NS_PER_MS)
        assert monotonic() - began < 10

        def drain() -> None:
            for part in iter(lambda: reader.read(65_536), b""):
                received.extend(part)

        thread = threading.Thread(target=drain)
        thread.start()
        view.close(30 * NS_PER_S)
        stream.close()
        thread.join(30)

    lines = received.decode().splitlines()
    shown = [int(line.split()[1]) for line in lines if line.lstrip().startswith("note: ")]
    reports = [line for line in lines if "could not be shown" in line]
    assert shown == sorted(shown)
    assert len(shown) >= BOUND_LINES
    assert sum(int(line.split()[0].replace(",", "")) for line in reports) == 5_000 - len(shown)


def test_a_reader_that_went_away_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as stream:
        view = PlainView(stream)
        view.event(Event(EventName.NOTE))
        view.close(30 * NS_PER_S)


def test_a_stream_with_a_small_alphabet_gets_question_marks() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader:
        with os.fdopen(write_end, "w", encoding="ascii") as stream:
            view = PlainView(stream)
            view.event(Event(EventName.NOTE, None, {"text": "µ"}))
            view.close(30 * NS_PER_S)
        assert reader.read() == b"          note: ?\n"
