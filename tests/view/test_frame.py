"""The picture of a run, as text at several widths."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from loadgen.core.events import BreakerLine, InputLine, Progress
from loadgen.core.units import NS_PER_S
from loadgen.view.frame import frame
from tests.support.progress import BUSY, progress

AT_80 = """\
╭─  loadgen · phase5-dev · main  ──────────────────────────────────────────────╮
│ ━━━━━━━━━━━━━━╸                          38 %  0:46 of 2:00  1:14 left       │
│                                                                              │
│ rate          79.0/s  of 80.0/s                 response p50    4.21 ms      │
│ sent           3,680  of 3,680 due              response p95    12.8 ms      │
│ done           3,669                            response p99    31.0 ms      │
│ failed             9  0.24 %                             max     120 ms      │
│ in flight          2  backlog 0                 own lag  p99    42.3 µs      │
│ by reason      http_5xx 7, timeout 2                                         │
│                                                                              │
│ client                 0.24 %  limit 2 %      ━━                  armed      │
│ error rate             1.10 %  limit 2 %      ━━━━━━━━━╸          armed      │
│ effective fallback          –  limit 8 %                          unarmed    │
│ blind                       0  of 6 in a row                      armed      │
│                                                                              │
│ sample 3 of 12, next in 0:14   measurement VALID                             │
╰──────────────────────────────────────────────────────────────────────────────╯
"""


def _text(shown: Progress, width: int, height: int = 40, *, lost: int = 0) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None, _environ={})
    console.print(frame(shown, width=width, height=height, title="phase5-dev", lost=lost))
    return out.getvalue()


def test_eighty_columns_hold_everything() -> None:
    assert _text(BUSY, 80) == AT_80


@pytest.mark.parametrize("width", [60, 64, 76, 80, 100, 120, 200])
def test_at_any_width_every_figure_is_there_and_no_line_is_too_long(width: int) -> None:
    text = _text(BUSY, width)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= min(width, 100)
    assert len({len(line) for line in lines}) == 1, "the frame is a rectangle"
    for figure in (
        "79.0/s", "of 80.0/s", "3,680", "3,669", "0.24 %", "http_5xx 7, timeout 2", "backlog 0", "4.21 ms", "12.8 ms",
        "31.0 ms", "120 ms", "42.3 µs", "1.10 %", "limit 8 %", "unarmed", "sample 3 of 12", "next in 0:14", "1:14 left",
        "VALID",
    ):  # fmt: skip
        assert figure in text


def test_figures_keep_their_place_from_frame_to_frame() -> None:
    later = progress(
        elapsed_ns=119 * NS_PER_S, scheduled=9_520, sent=9_519, done=9_500, p99_ns=1_210_000_000, in_flight=19
    )
    places = [line.find("response") for line in _text(BUSY, 80).splitlines()]
    assert [line.find("response") for line in _text(later, 80).splitlines()] == places


def test_before_the_first_answer_figures_are_dashes() -> None:
    text = _text(Progress("warmup", 0, 60 * NS_PER_S), 80)
    assert "response p50          –" in text
    assert "failed             0  –" in text
    assert "sample" not in text
    assert "by reason" not in text


def test_a_trip_stands_out() -> None:
    tripped = progress(breaker=(BreakerLine("client", InputLine.TRIPPED, 0.0612, 0.02),))
    out = io.StringIO()
    console = Console(file=out, width=80, height=40, force_terminal=True, color_system="standard", _environ={})
    console.print(frame(tripped, width=80, height=40))
    assert "\x1b[1;31mtripped" in out.getvalue()
    assert "\x1b[1;31m   6.12 %" in out.getvalue()


def test_a_phase_past_its_end_drains() -> None:
    assert "2:05 of 2:00  draining" in _text(progress(elapsed_ns=125 * NS_PER_S), 80)
    assert "of 0.00/s" not in _text(progress(elapsed_ns=125 * NS_PER_S, target_rate_per_s=0.0), 80)


@pytest.mark.parametrize(("validity", "lost"), [("DEGRADED: lag p99 12 ms", 0), ("INVALID: cpu", 3)])
def test_the_foot_tells_validity_and_what_was_not_shown(validity: str, lost: int) -> None:
    text = _text(progress(validity=validity), 80, lost=lost)
    assert f"measurement {validity}" in text
    assert ("3 events not shown" in text) is bool(lost)


def test_a_low_terminal_gets_four_lines() -> None:
    assert [line.rstrip() for line in _text(BUSY, 80, 12).splitlines()] == [
        "━━━━━━━━━━━━━━━━                             38 %  0:46 of 2:00  1:14 left",
        "79.0/s of 80.0/s  sent 3,680  failed 9 (0.24 %)  in flight 2",
        "p50 4.21 ms  p95 12.8 ms  p99 31.0 ms  max 120 ms  lag 42.3 µs",
        "sample 3 of 12, next in 0:14   measurement VALID",
    ]
