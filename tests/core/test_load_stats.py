"""load-stats.csv: columns, NA, and what a killed run leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from loadgen.core.load_stats import COLUMNS, LoadSecond, LoadStatsWriter, read_load_stats

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_columns_are_fixed() -> None:
    assert COLUMNS[:7] == ("second", "timestamp", "due", "sent", "done", "failed", "dropped")
    assert COLUMNS[7:9] == ("http_4xx", "http_5xx")
    assert COLUMNS[-10:] == (
        "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms", "lag_p99_ms", "wait_p99_ms",
        "in_flight", "backlog", "late_events",
    )  # fmt: skip


def test_a_row_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "load-stats.csv"
    writer = LoadStatsWriter(path)
    writer.write(LoadSecond(0, AT, 10, 9, 7, {"timeout": 2}, {"dropped_late": 1}, p50_ns=1_500_000, in_flight=3))
    writer.close()

    (row,) = read_load_stats(path).rows

    assert (row["due"], row["failed"], row["timeout"], row["dropped"], row["dropped_late"]) == (10, 2, 2, 1, 1)
    assert (row["p50_ms"], row["p99_ms"], row["in_flight"]) == (1.5, None, 3)
    assert row["timestamp"] == "2026-01-02T03:04:05.000Z"


def test_a_row_is_in_the_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "load-stats.csv"
    writer = LoadStatsWriter(path)
    writer.write(LoadSecond(0, AT, 1, 1, 1, {}, {}))

    assert len(read_load_stats(path).rows) == 1
    writer.close()


def test_a_cut_off_last_line_and_a_damaged_one_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "load-stats.csv"
    writer = LoadStatsWriter(path)
    for second in range(3):
        writer.write(LoadSecond(second, AT, 1, 1, 1, {}, {}))
    writer.close()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[1] + "damaged\n" + lines[2] + lines[3][:20])

    stats = read_load_stats(path)

    assert [row["second"] for row in stats.rows] == [0, 1]
    assert stats.skipped == 2


def test_a_missing_file_has_no_rows_and_a_foreign_one_is_refused(tmp_path: Path) -> None:
    assert read_load_stats(tmp_path / "none.csv").rows == []

    foreign = tmp_path / "foreign.csv"
    foreign.write_text("second,timestamp\n")
    with pytest.raises(ValueError, match=r"foreign\.csv: no column due"):
        read_load_stats(foreign)
