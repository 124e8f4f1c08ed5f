"""A command's end is its own, whoever reads what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import clean_environment, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN = "import os, sys\nfrom loadgen.core.standard_streams import keep_standard_streams\nkeep_standard_streams()\n"


@pytest.fixture
def left() -> Iterator[int]:
    """The write end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_left_changes_neither_what_is_done_nor_the_exit_code(
    stream: str, left: int, tmp_path: Path
) -> None:
    program = (
        f"{BEGIN}for _ in range(2_000): print('x' * 99, file=sys.{stream})\nopen('done', 'w').close()\nsys.exit(3)"
    )
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: left}

    result = subprocess.run([sys.executable, "-c", program], **streams, cwd=tmp_path, check=False, timeout=20)  # type: ignore[call-overload]

    assert (result.returncode, [path.name for path in tmp_path.iterdir()]) == (3, ["done"])
    assert not result.stdout
    assert not result.stderr


@pytest.mark.parametrize("module", ["loadgen", "reports", "observer"])
def test_an_output_that_is_full_is_an_error_without_a_traceback(module: str) -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", module, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert result.returncode == 2
    assert result.stderr.endswith("standard output cannot be written: No space left on device\n")
    assert "Traceback" not in result.stderr


def test_a_stream_that_is_closed_gives_its_number_to_no_file() -> None:
    program = f"{BEGIN}print('said')\nprint('told', file=sys.stderr)\nsys.stdin.read()\nsys.exit(os.dup(1))"

    result = subprocess.run(
        ["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", sys.executable, "-c", program], check=False, timeout=20
    )

    assert result.returncode == 3


def test_a_run_whose_terminal_output_nobody_reads_keeps_its_figures_and_its_exit_code(
    left: int, tmp_path: Path
) -> None:
    with service("loadgen.demo.null") as null:
        command = [sys.executable, "-m", "loadgen", "run", null.url, "--rate", "20", "-d", "1s", "--out", "kept"]
        result = subprocess.run(
            command, stdout=left, stderr=left, stdin=subprocess.DEVNULL, cwd=tmp_path, env=clean_environment(),
            check=False, timeout=60,
        )  # fmt: skip

    assert result.returncode in (0, 5)
    assert (tmp_path / "kept" / "summary.json").exists()
