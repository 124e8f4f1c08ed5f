"""Traces: access logs and CSV files, in order, exact, and clear about what cannot be read."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.core.trace import Trace, parse_trace, read_trace
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from pathlib import Path

COMMON = '127.0.0.1 - frank [10/Oct/2023:13:55:36 -0700] "GET /a?x=1 HTTP/1.0" 200 2326\n'
COMBINED = (
    '::1 - - [10/Oct/2023:13:55:37 -0700] "POST /b HTTP/1.1" 201 - "http://h/ref" "Mozilla/5.0 (\\"quoted\\") [x]"\n'
)


def log_line(second: int, path: str) -> str:
    return f'h - - [01/Jan/2024:00:{second // 60:02}:{second % 60:02} +0000] "GET {path} HTTP/1.1" 200 5\n'


def test_an_access_log_gives_times_methods_and_paths() -> None:
    assert parse_trace([COMMON, "\n", COMBINED]) == Trace((0, NS_PER_S), (0, 1), (("GET", "/a?x=1"), ("POST", "/b")))


def test_requests_of_one_second_are_spread_evenly_over_it() -> None:
    lines = [log_line(5, f"/{n}") for n in range(4)] + [log_line(7, "/0")]

    trace = parse_trace(lines)

    assert [at / NS_PER_S for at in trace.at_ns] == [0, 0.25, 0.5, 0.75, 2]
    assert [trace.requests[pick][1] for pick in trace.picks] == ["/0", "/1", "/2", "/3", "/0"]


def test_lines_out_of_order_are_put_in_order_and_zones_are_heeded() -> None:
    later = 'h - - [10/Oct/2023:20:55:38 +0000] "GET /later HTTP/1.1" 200 5\n'  # two seconds after COMMON

    trace = parse_trace([later, COMMON])

    assert (trace.at_ns, trace.requests[trace.picks[0]]) == ((0, 2 * NS_PER_S), ("GET", "/a?x=1"))


def test_lines_without_an_http_request_are_counted_and_skipped() -> None:
    noise = ["-", "\\x16\\x03\\x01", "GET / SMTP/1", "CONNECT h:443 HTTP/1.1", "OPTIONS * HTTP/1.1", "BREW /a HTTP/1.1"]
    lines = [f'h - - [10/Oct/2023:13:55:36 -0700] "{text}" 400 0\n' for text in noise]

    trace = parse_trace([*lines, COMMON])

    assert (len(trace.at_ns), trace.at_ns[0], trace.skipped) == (1, 0, 6)


def test_lines_that_are_skipped_take_no_part_of_their_second() -> None:
    """Two requests of a second are half a second apart, whatever scanners sent between them."""
    noise = log_line(5, "/x").replace("GET /x", "CONNECT h:443")

    trace = parse_trace([log_line(5, "/0"), noise, log_line(5, "http://other.test/"), log_line(5, "/1")])

    assert (trace.at_ns, trace.skipped) == ((0, NS_PER_S // 2), 2)


def test_a_csv_is_taken_exactly() -> None:
    lines = ["timestamp,method,path\n", "17.000000001,get,/a\n", '16.5,POST,"/b?q=1,2"\n', "\n", "17.25,GET,/a\n"]

    trace = parse_trace(lines)

    assert trace.at_ns == (0, 500_000_001, 750_000_000)
    assert [trace.requests[pick] for pick in trace.picks] == [("POST", "/b?q=1,2"), ("GET", "/a"), ("GET", "/a")]


def test_a_csv_may_have_dates_and_no_method() -> None:
    lines = ["path,timestamp\n", "/a,2024-02-29T12:00:00.25Z\n", "/a,2024-02-29T13:00:01+01:00\n"]

    assert parse_trace(lines) == Trace((0, 750_000_000), (0, 0), (("GET", "/a"),))


def test_dates_are_taken_to_the_nanosecond() -> None:
    lines = ["timestamp,path\n", "2024-02-29T12:00:00.000000001Z,/a\n", "2024-02-29T13:00:00.123456789+01:00,/a\n"]

    assert parse_trace(lines).at_ns == (0, 123_456_788)


def test_a_csv_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(b"\xef\xbb\xbftimestamp,path\r\n1,/a\r\n")

    assert read_trace(str(path)).requests == (("GET", "/a"),)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=50))
def test_the_gaps_of_a_csv_are_kept_to_the_nanosecond(times_ns: list[int]) -> None:
    lines = [f"{at // NS_PER_S}.{at % NS_PER_S:09},/{n}\n" for n, at in enumerate(times_ns)]

    trace = parse_trace(["timestamp,path\n", *lines])

    assert list(trace.at_ns) == [at - min(times_ns) for at in sorted(times_ns)]
    assert [int(trace.requests[pick][1][1:]) for pick in trace.picks] == sorted(
        range(len(times_ns)), key=lambda number: times_ns[number]
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["what is this\n"], "line 1: neither a line of an access log"),
        ([COMMON, "truncat"], "line 2: neither a line of an access log"),
        (['h - - [31/Feb/2023:13:55:36 -0700] "GET /a HTTP/1.0" 200 1\n'], "line 1: neither"),
        ([], r"has no HTTP request in it \(0 lines skipped\)"),
        (["timestamp,path\n", "1,relative\n"], r"has no HTTP request in it \(1 lines skipped\)"),
        (["timestamp,url\n"], "line 1: a CSV trace has the columns"),
        (["timestamp,path\n", "1,/a,3\n"], "line 2: 3 columns instead of 2"),
        (["timestamp,path\n", "1,/a\n", "soon,/a\n"], "line 3: timestamp is neither seconds nor a date"),
        (["timestamp,path\n", "1,/" + "a" * 140_000 + "\n"], r"line 2: field larger than field limit"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(lines: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_trace(lines)


def test_files_are_read_also_gzipped(tmp_path: Path) -> None:
    (tmp_path / "plain.log").write_text(COMMON + COMBINED)
    (tmp_path / "old.log.gz").write_bytes(gzip.compress((COMMON + COMBINED).encode()))
    (tmp_path / "no.gz").write_text("no archive")

    assert read_trace(str(tmp_path / "plain.log")) == read_trace(str(tmp_path / "old.log.gz"))
    with pytest.raises(ValueError, match="cannot read the file: No such file"):
        read_trace(str(tmp_path / "absent.log"))
    with pytest.raises(ValueError, match="cannot read the file: Not a gzipped file"):
        read_trace(str(tmp_path / "no.gz"))


@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_a_damaged_archive_is_refused(damage: str, tmp_path: Path) -> None:
    whole = bytearray(gzip.compress((COMMON + COMBINED).encode()))
    if damage == "changed":
        whole[12:40] = b"\xff" * 28
    (tmp_path / "old.log.gz").write_bytes(whole if damage == "changed" else whole[:-20])

    with pytest.raises(ValueError, match="its compressed data is cut off or damaged"):
        read_trace(str(tmp_path / "old.log.gz"))


def test_more_requests_than_can_be_held_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.core.trace.MOST_ENTRIES", 2)

    assert len(parse_trace(["timestamp,path\n", "1,/a\n", "2,/a\n"]).at_ns) == 2
    with pytest.raises(ValueError, match="has more than 2 requests: cut it into parts"):
        parse_trace(["timestamp,path\n", "1,/a\n", "2,/a\n", "3,/a\n"])
