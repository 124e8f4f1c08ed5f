"""The observer's files: frames, rotation, a disk that is full."""

from __future__ import annotations

import asyncio
import errno
import gzip
from typing import TYPE_CHECKING

import pytest

from loadgen.core.metrics_csv import MetricsWriter, na_row, read_metrics
from loadgen.core.redact import Redactor, Secret
from loadgen.core.rundir import RunDirectory
from observer.writer import RunFiles, WriteError, frame

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT = "2026-01-02T03:04:05.000Z"


def test_a_frame_has_the_number_and_the_time_of_the_scrape() -> None:
    assert frame(3, AT, (("http://a/metrics", "x 1\n"),)) == f"# scrape 3 {AT}\nx 1\n"


def test_several_endpoints_are_framed_each_and_named() -> None:
    text = frame(3, AT, (("http://a/m", "x 1"), ("http://b/m", "x 2\n")))
    assert text == f"# scrape 3 {AT}\n# endpoint http://a/m\nx 1\n# scrape 3 {AT}\n# endpoint http://b/m\nx 2\n"


async def test_rows_and_pages_reach_the_disk_in_order(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path / "run")
    files = RunFiles(place, Redactor())
    await files.open()
    await files.write_row(na_row(AT, 1))
    assert [row["sample_num"] for row in await asyncio.to_thread(read_metrics, place.metrics_csv)] == [1]
    await files.write_raw(1, AT, (("http://a/m", "x 1\n"),))
    await files.write_raw(2, AT, (("http://a/m", "x 2\n"),))
    await files.close()
    assert place.raw_metrics.read_text() == f"# scrape 1 {AT}\nx 1\n# scrape 2 {AT}\nx 2\n"


async def test_raw_pages_are_rotated_and_packed(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    files = RunFiles(place, Redactor(), rotate_bytes=60)
    await files.open()
    for number in range(1, 6):
        await files.write_raw(number, AT, (("http://a/m", f"x {number}\n"),))
    await files.close()
    first, second = (gzip.decompress((tmp_path / f"raw-metrics.txt.{n}.gz").read_bytes()).decode() for n in (1, 2))
    assert [line for line in first.splitlines() if line[0] != "#"] == ["x 1", "x 2"]
    assert [line for line in second.splitlines() if line[0] != "#"] == ["x 3", "x 4"]
    assert place.raw_metrics.read_text() == f"# scrape 5 {AT}\nx 5\n"
    assert not list(tmp_path.glob("*.part"))


async def test_a_secret_in_a_page_is_masked(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    files = RunFiles(place, Redactor([Secret("s3cr3t-token")]))
    await files.open()
    await files.write_raw(1, AT, (("http://a/m", 'x{echo="s3cr3t-token"} 1\n'),))
    await files.close()
    assert "s3cr3t" not in place.raw_metrics.read_text()


async def test_a_full_disk_is_one_clear_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = RunFiles(RunDirectory(tmp_path), Redactor())
    await files.open()

    def full(self: MetricsWriter, row: Mapping[str, str]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MetricsWriter, "write", full)
    with pytest.raises(WriteError, match=r"metrics\.csv: No space left on device\n  free disk space below") as caught:
        await files.write_row(na_row(AT, 1))
    assert caught.value.remedy.endswith("run again; every row so far is complete")
    await files.close()


async def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    files = RunFiles(RunDirectory(blocked / "run"), Redactor())
    with pytest.raises(WriteError, match=r"check that .* exists and can be written to"):
        await files.open()
    await files.close()
