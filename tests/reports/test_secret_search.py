"""The search for secrets in the files of a run: compressed ones, and those that cannot be read to their end."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from loadgen.core.redact import Secret
from reports.keep.scan import find_secrets

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"all is well\nthe key is correct-horse\n" * 20


def test_a_secret_is_found_in_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(TEXT))

    found = find_secrets([("a.log.gz", tmp_path / "a.log.gz")], [Secret("correct-horse")])

    assert found[0] == "a.log.gz, line 2"


@pytest.mark.parametrize("damage", ["cut off", "changed", "no archive"])
def test_a_file_that_cannot_be_read_is_a_finding_and_no_pass(damage: str, tmp_path: Path) -> None:
    whole = gzip.compress(TEXT)
    content = {"cut off": whole[:-12], "changed": whole[:12] + b"\xff" * 30, "no archive": TEXT}[damage]
    (tmp_path / "a.log.gz").write_bytes(content)

    (found,) = find_secrets([("a.log.gz", tmp_path / "a.log.gz")], [])

    assert found.startswith("a.log.gz: cannot be looked through (")
