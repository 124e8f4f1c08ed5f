"""What a worker tells of its seconds: soon where it can, and never hoarded where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.messages import Interval
from loadgen.core.outcome import Outcome
from loadgen.core.units import NS_PER_S
from loadgen.record.recorder import Recorder
from loadgen.worker.report import Reporter

if TYPE_CHECKING:
    from loadgen.core.messages import Message


def reporter_with_seconds(seconds: int) -> tuple[Reporter, list[Message]]:
    said: list[Message] = []
    recorder = Recorder(("only",), 60 * NS_PER_S)
    recorder.start(0)
    reporter = Reporter(recorder, ("only",), (100.0,), said.append)
    for second in range(seconds):
        at = second * NS_PER_S + 1
        recorder.append((at, at, at, at + 1_000, Outcome.OK))
        reporter.push([recorder.close([], second + 1, 0, 0)])
    return reporter, said


def test_a_second_is_told_when_its_last_histogram_is_encoded() -> None:
    reporter, said = reporter_with_seconds(1)
    reporter.step(reporter.steps_per_interval - 1)
    assert said == []
    reporter.step(1)
    (interval,) = said
    assert isinstance(interval, Interval)
    assert (interval.k, interval.done) == (0, 1)


def test_seconds_that_cannot_be_encoded_in_time_are_told_rather_than_hoarded() -> None:
    reporter, said = reporter_with_seconds(8)
    reporter.step(0)
    assert [interval.k for interval in said if isinstance(interval, Interval)] == [0, 1, 2, 3, 4]
    reporter.flush()
    assert len(said) == 8
