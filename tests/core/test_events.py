"""Events as lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from loadgen.core.events import Event, EventName, read_events

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_event_is_one_line_with_wall_time_and_time_since_t0() -> None:
    line = Event(EventName.SAMPLE, 1_234_567_890, {"number": 3}).to_line(AT)

    assert line.endswith(b"\n")
    assert orjson.loads(line) == {"ts": "2026-01-02T03:04:05.000Z", "t_s": 1.235, "event": "sample", "number": 3}


def test_before_t0_there_is_no_time_since_it() -> None:
    assert orjson.loads(Event(EventName.PHASE).to_line(AT))["t_s"] is None


def test_lines_that_are_no_events_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(Event(EventName.NOTE).to_line(AT) + b"damage\n[1]\n" + Event(EventName.END).to_line(AT)[:-9])

    assert [event["event"] for event in read_events(path)] == ["note"]
    assert list(read_events(tmp_path / "none")) == []
