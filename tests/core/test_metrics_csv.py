"""metrics.csv: the header byte for byte, whole rows, and what a crash leaves."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from loadgen.core.metrics_csv import COLUMNS, HEADER, NA, MetricsFileError, MetricsWriter, na_row, read_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENTED = (
    b"timestamp,http_success_rate,p50_latency,p90_latency,p95_latency,p99_latency,raw_fallback_ratio,"
    b"effective_fallback_ratio,error_rate,error_rate_4xx,error_rate_5xx,cpu_percent,rss_mb,request_rate,"
    b"raw_fallback_total,effective_fallback_total,fallback_http,fallback_message,fallback_cache,http_adapter_ops,"
    b"message_bus_rpc_attempts,cache_get_attempts,fb_http_ratio,fb_message_ratio,fb_cache_ratio,"
    b"plugin_reload_success,plugin_reload_failure,snapshot_create_success,snapshot_create_failure,"
    b"snapshot_restore_success,snapshot_restore_failure,cache_hit_rate,plugin_reload_p95,plugin_reload_p99,"
    b"plugin_reload_success_rate,snapshot_operation_p95,snapshot_operation_p99,snapshot_success_rate,cache_hits_raw,"
    b"cache_misses_raw,sample_num\n"
)


def a_row(number: int, **values: str) -> dict[str, str]:
    return {**na_row(f"2026-01-02T03:04:{number:02d}.000Z", number), **values}


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[MetricsWriter]:
    writer = MetricsWriter(tmp_path / "metrics.csv")
    yield writer
    writer.close()


def test_a_new_file_is_the_documented_header_byte_for_byte(tmp_path: Path, writer: MetricsWriter) -> None:
    assert (tmp_path / "metrics.csv").read_bytes() == DOCUMENTED
    assert len(COLUMNS) == 41


def test_a_row_is_in_the_file_when_write_returns(tmp_path: Path, writer: MetricsWriter) -> None:
    writer.write(a_row(1, request_rate="80.5"))

    line = (tmp_path / "metrics.csv").read_text().splitlines()[1]
    assert line.split(",")[COLUMNS.index("request_rate")] == "80.5"
    assert line.endswith(",1")
    assert line.count(",") == 40


def test_rows_read_back_with_na_as_none(tmp_path: Path, writer: MetricsWriter) -> None:
    writer.write(a_row(1, http_success_rate="0.995", rss_mb="51.5"))

    (row,) = read_metrics(tmp_path / "metrics.csv")

    assert row["timestamp"] == "2026-01-02T03:04:01.000Z"
    assert (row["http_success_rate"], row["rss_mb"], row["sample_num"]) == (0.995, 51.5, 1)
    assert row["p99_latency"] is None
    assert list(row) == list(COLUMNS)


def test_a_row_that_lacks_a_column_or_has_a_foreign_one_is_refused(writer: MetricsWriter) -> None:
    row = a_row(1)
    del row["rss_mb"]
    with pytest.raises(ValueError, match=r"\['rss_mb'\] missing or foreign"):
        writer.write(row)
    with pytest.raises(ValueError, match=r"\['surprise'\] missing or foreign"):
        writer.write(a_row(1) | {"surprise": "1"})


@pytest.mark.parametrize("text", ["", "1,5", 'a"b', "1\n2"])
def test_a_text_that_would_break_the_file_is_refused(writer: MetricsWriter, text: str) -> None:
    with pytest.raises(ValueError, match=r"column cpu_percent: .* cannot stand in the file"):
        writer.write(a_row(1, cpu_percent=text))


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_last_line_that_a_crash_cut_off_is_passed_over(tmp_path: Path, writer: MetricsWriter, cut: int) -> None:
    path = tmp_path / "metrics.csv"
    writer.write(a_row(1))
    writer.write(a_row(2))
    path.write_bytes(path.read_bytes()[:-cut])

    assert [row["sample_num"] for row in read_metrics(path)] == [1]


def test_a_line_cut_off_inside_its_last_number_is_not_taken_for_a_row(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    last = ",".join(a_row(12).values()).encode()
    path.write_bytes(DOCUMENTED + last[:-1])

    assert read_metrics(path) == []


def test_continuing_a_file_drops_its_cut_off_line_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    first = MetricsWriter(path)
    first.write(a_row(1))
    first.close()
    path.write_bytes(path.read_bytes() + b"2026-01-02T03:04:02.000Z,0.9")

    second = MetricsWriter(path)
    second.write(a_row(2))
    second.close()

    assert [row["sample_num"] for row in read_metrics(path)] == [1, 2]
    assert path.read_bytes().count(HEADER.encode()) == 1


def test_a_file_with_another_header_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("timestamp,sample_num\n")
    with pytest.raises(MetricsFileError, match="exists with another header; choose another directory"):
        MetricsWriter(path)


def test_an_older_file_with_fewer_columns_reads_with_none_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("timestamp,http_success_rate,sample_num\n2025-11-24 18:07:28,0.99,1\n")

    (row,) = read_metrics(path)

    assert (row["http_success_rate"], row["cache_hits_raw"]) == (0.99, None)


def test_a_file_that_is_no_metrics_csv_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("<html>\n")
    with pytest.raises(MetricsFileError, match=r"metrics\.csv: the first line is not a header"):
        read_metrics(path)


def test_a_broken_line_before_the_last_is_named_with_its_number(tmp_path: Path, writer: MetricsWriter) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(DOCUMENTED + b"2026,1,2\n" + ",".join(a_row(2).values()).encode() + b"\n")
    with pytest.raises(MetricsFileError, match="line 2: 3 fields where the header has 41"):
        read_metrics(path)


def test_a_value_that_is_no_number_is_named_with_its_column(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(DOCUMENTED + ",".join(a_row(1, rss_mb="many").values()).encode() + b"\n")
    with pytest.raises(MetricsFileError, match=r"line 2: rss_mb is 'many', neither a number nor NA"):
        read_metrics(path)


def test_a_row_that_does_not_fit_on_the_disk_is_taken_back_whole(
    tmp_path: Path, writer: MetricsWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.csv"
    writer.write(a_row(1))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        writer.write(a_row(2))

    assert path.read_bytes() == before


def test_the_row_of_a_failed_scrape_is_na_but_for_time_and_number() -> None:
    row = na_row("2026-01-02T03:04:05.000Z", 7)

    assert (row.pop("timestamp"), row.pop("sample_num")) == ("2026-01-02T03:04:05.000Z", "7")
    assert set(row.values()) == {NA}
