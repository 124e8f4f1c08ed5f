"""A file that is replaced is there whole or as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    place = tmp_path / "file"
    write_whole(place, b"one")
    write_whole(place, b"two")
    assert place.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"one")
    place.chmod(0o600)
    write_whole(place, b"two")
    assert place.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_writer_left_is_not_in_the_way_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    (tmp_path / f".file.{os.getpid()}.tmp").symlink_to(elsewhere)
    write_whole(tmp_path / "file", b"two")
    assert elsewhere.read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "file"]


def test_a_link_stays_a_link_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_bytes(b"one")
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "file")
    write_whole(tmp_path / "link", b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept" / "file").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)
    reader = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(place, b"one", 0o644)
        assert os.read(reader, 100) == b"one"
    finally:
        os.close(reader)
    assert place.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_failure_leaves_the_version_before(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.mkdir()
    (place / "content").write_bytes(b"one")
    with pytest.raises(OSError, match="file"):
        write_whole(place, b"two")
    assert (place / "content").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
