"""Every event is one line that a person understands, and nothing in it drives a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.events import Event, EventName
from loadgen.core.units import NS_PER_S
from loadgen.view.sentences import Tone, clean, sentence_of

ROW = {
    "http_success_rate": "0.998",
    "p95_latency": "0.0128",
    "p99_latency": "0.031",
    "error_rate": "0.002",
    "effective_fallback_ratio": "NA",
}
TRIP = {
    "state": "TRIPPED",
    "input": "error_rate",
    "metric": "server_error_rate",
    "value": 0.0612,
    "threshold": 0.02,
    "detail": "49 of 800 in 10 s",
}


@pytest.mark.parametrize(
    ("name", "data", "text", "tone"),
    [
        (EventName.PHASE, {"phase": "warmup"}, "warmup begins", Tone.PLAIN),
        (EventName.PHASE, {"phase": "main", "t0": "T"}, "main begins, t = 0 at T", Tone.PLAIN),
        (
            EventName.SAMPLE,
            {"number": 3, "ok": True, "label": "", "row": ROW, "notes": []},
            "sample 3: success 99.8 %, p95 12.8 ms, p99 31.0 ms, errors 0.20 %",
            Tone.PLAIN,
        ),
        (
            EventName.SAMPLE,
            {"number": 0, "ok": True, "label": "start", "row": {}},
            "scrape at the start taken",
            Tone.PLAIN,
        ),
        (EventName.SAMPLE, {"number": 4, "ok": True, "row": {"p95_latency": "x"}}, "sample 4 taken", Tone.PLAIN),
        (
            EventName.SAMPLE,
            {"number": 5, "ok": False, "notes": ["timed out", "retried 2 times"]},
            "sample 5 failed: timed out; retried 2 times",
            Tone.WARNING,
        ),
        (EventName.SAMPLE, {"number": 6, "ok": False}, "sample 6 failed: no answer", Tone.WARNING),
        (
            EventName.BREAKER,
            {"input": "client", "state": "ARMED", "text": ""},
            "breaker input client ARMED",
            Tone.QUIET,
        ),
        (
            EventName.BREAKER,
            {"input": "blind", "state": "UNARMED", "text": "warm-up"},
            "breaker input blind UNARMED (warm-up)",
            Tone.WARNING,
        ),
        (
            EventName.BREAKER,
            TRIP,
            "breaker TRIPPED by error rate: 6.12 % is above 2 %; 49 of 800 in 10 s",
            Tone.ALARM,
        ),
        (
            EventName.BREAKER,
            {"state": "TRIPPED", "input": "blind", "value": 6.0, "threshold": 6.0, "detail": "6 probes failed"},
            "breaker TRIPPED by blind: 6 probes failed",
            Tone.ALARM,
        ),
        (EventName.VALIDITY, {"state": "VALID", "text": "VALID"}, "measurement VALID", Tone.GOOD),
        (EventName.VALIDITY, {"state": "DEGRADED", "text": "lag"}, "measurement DEGRADED: lag", Tone.WARNING),
        (EventName.VALIDITY, {"state": "INVALID"}, "measurement INVALID", Tone.ALARM),
        (EventName.GAP, {"text": "sample 5"}, "not measured: sample 5", Tone.WARNING),
        (EventName.DECISION, {"text": "ending the run"}, "ending the run", Tone.ALARM),
        (EventName.PROBE, {"ok": False, "text": "refused"}, "probe failed: refused", Tone.WARNING),
        (EventName.NOTE, {"text": "hello"}, "note: hello", Tone.QUIET),
        (EventName.NOTE, {"why": "hello"}, "note: why hello", Tone.QUIET),
        (EventName.END, {"status": "completed", "exit_code": 0, "text": "done"}, "end: done (exit 0)", Tone.GOOD),
        (EventName.END, {"status": "stopped", "exit_code": 143}, "end: stopped (exit 143)", Tone.ALARM),
    ],
)
def test_an_event_is_told_in_one_line(name: EventName, data: dict[str, Any], text: str, tone: Tone) -> None:
    sentence = sentence_of(Event(name, 65 * NS_PER_S, data))
    assert (sentence.text, sentence.tone) == (text, tone)
    assert str(sentence) == f"    1:05  {text}"


def test_before_the_load_begins_there_is_no_time() -> None:
    assert str(sentence_of(Event(EventName.NOTE, None, {"text": "x"}))) == "          note: x"


@pytest.mark.parametrize("name", list(EventName))
def test_every_kind_of_event_can_be_told_without_any_data(name: EventName) -> None:
    assert sentence_of(Event(name)).text != ""


def test_a_service_cannot_drive_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\r\nnew line\u202e\x9b31m"
    text = sentence_of(Event(EventName.PROBE, None, {"text": hostile})).text
    assert text == "probe failed:  ]0;owned [2J new line 31m"


@given(st.text())
def test_clean_text_is_printable_and_on_one_line(text: str) -> None:
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in clean(text))
    assert len(clean(text).splitlines()) <= 1
