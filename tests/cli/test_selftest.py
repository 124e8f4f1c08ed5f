"""`loadgen selftest` finds out what is wrong before it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.selftest import selftest
from loadgen.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_that_cannot_be_kept_is_found_before_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    monkeypatch.setattr("loadgen.run.selftest.measure_floor", lambda *_: pytest.fail("it was measured"))

    result = CliRunner().invoke(selftest, ["--record", str(file / "below" / "floor.json"), "--duration", "1h"])

    assert isinstance(result.exception, InputError)
    assert [(one.key, one.remedy) for one in result.exception.problems] == [
        ("--duration", "from 1s to 60s"),
        ("--record", "the record cannot be kept there: Not a directory"),
    ]
