"""A file of lines that a killed process left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.last_line import cut_after_last_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (b"", b""),
        (b"a\nb\n", b"a\nb\n"),
        (b"a\nb", b"a\n"),
        (b"no line end", b""),
        (b"a\n" + b"x" * 200_000, b"a\n"),
        (b"a\n" * 100_000 + b"b", b"a\n" * 100_000),
    ],
)
def test_what_stands_after_the_last_line_end_is_taken_away(tmp_path: Path, left: bytes, kept: bytes) -> None:
    file = tmp_path / "lines"
    file.write_bytes(left)
    cut_after_last_line(file)

    assert file.read_bytes() == kept
