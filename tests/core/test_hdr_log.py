"""The interval log: round trip, cut off, and read by the original implementation."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadgen.core.hdr_log import HdrLogWriter, escape_tag, read_hdr_log
from loadgen.core.histogram import Histogram

if TYPE_CHECKING:
    from pathlib import Path

MAX_NS = 60_000_000_000
START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def histogram_of(value_ns: int, count: int) -> Histogram:
    histogram = Histogram(MAX_NS)
    histogram.record(value_ns, count)
    return histogram


def write_log(path: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        log = HdrLogWriter(stream, START)
        log.write("response", 0.0, 1.0, histogram_of(2_769_000, 5))
        log.write("endpoint:GET /a, b", 0.0, 1.0, histogram_of(1_000_000, 2))
        log.write("response", 1.0, 1.0, histogram_of(3_000_000, 7))


def test_the_text_follows_format_1_3() -> None:
    stream = StringIO()

    HdrLogWriter(stream, START).write("lag", 0.25, 1.0, histogram_of(2_769_000, 1))

    lines = stream.getvalue().splitlines()
    assert lines[:5] == [
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1767323045.678 (seconds since epoch), 2026-01-02T03:04:05.678000+00:00]",
        "#[BaseTime: 1767323045.678 (seconds since epoch)]",
        "#[MaxValueDivider: 1000000.0]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    assert lines[5].startswith("Tag=lag,0.250,1.000,2.771,HISTF")


def test_a_log_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_log(tmp_path / "latency.hlog")

    entries = list(read_hdr_log(tmp_path / "latency.hlog"))

    assert [(entry.tag, entry.start_s, entry.length_s, entry.histogram.total) for entry in entries] == [
        ("response", 0.0, 1.0, 5),
        ("endpoint:GET /a, b", 0.0, 1.0, 2),
        ("response", 1.0, 1.0, 7),
    ]


def test_the_reader_of_the_original_implementation_reads_every_interval(tmp_path: Path) -> None:
    path = tmp_path / "latency.hlog"
    write_log(path)
    reader = HistogramLogReader(str(path), HdrHistogram(1000, MAX_NS, 3))

    intervals = []
    while (interval := reader.get_next_interval_histogram()) is not None:
        intervals.append((interval.get_tag(), interval.get_total_count(), interval.get_start_time_stamp()))
    reader.close()

    assert intervals == [
        ("response", 5, pytest.approx(1767323045678.0)),
        ("endpoint:GET%20/a%2C%20b", 2, pytest.approx(1767323045678.0)),
        ("response", 7, pytest.approx(1767323046678.0)),
    ]


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "latency.hlog"
    write_log(path)
    whole = path.read_text(encoding="utf-8")

    last_line = len(whole.splitlines()[-1])

    for cut in range(1, last_line, 7):
        path.write_text(whole[:-cut], encoding="utf-8")
        assert [entry.histogram.total for entry in read_hdr_log(path)] == [5, 2]


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latency.hlog"
    path.write_text("#[Histogram log format version 1.3]\nTag=lag,0.0,1.0,2.0,garbage\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"latency\.hlog, line 2: not an HdrHistogram V2 text"):
        list(read_hdr_log(path))


def test_a_tag_loses_the_characters_that_the_format_forbids() -> None:
    assert escape_tag("endpoint:GET /a,b") == "endpoint:GET%20/a%2Cb"
    assert escape_tag("response_ok") == "response_ok"


def test_a_spoilt_line_is_an_error_even_where_only_some_tags_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "latency.hlog"
    with path.open("w", encoding="utf-8") as stream:
        log = HdrLogWriter(stream, datetime(2026, 3, 1, tzinfo=UTC))
        for tag in ("lag", "response"):
            log.write(tag, 0.0, 1.0, Histogram(60_000_000_000))
    assert [entry.tag for entry in read_hdr_log(path, ("response",))] == ["response"]
    path.write_text(path.read_text() + "garbage\n")
    with pytest.raises(ValueError, match="line 8"):
        list(read_hdr_log(path, ("response",)))
