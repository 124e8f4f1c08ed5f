"""metadata.json: whole or as before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from loadgen.core.metadata import MetadataError, Status, blank, read_metadata, write_metadata

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    document = {**blank(), "run_id": "phase5-dev-1", "status": Status.COMPLETED.value}
    write_metadata(path, document)

    assert read_metadata(path) == document
    assert [item.name for item in tmp_path.iterdir()] == ["metadata.json"]


def test_a_failed_write_leaves_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    write_metadata(path, {**blank(), "run_id": "before"})
    (tmp_path / f".metadata.json.{os.getpid()}.tmp").mkdir()

    with pytest.raises(OSError, match=r"metadata\.json\.\d+\.tmp"):
        write_metadata(path, {**blank(), "run_id": "after"})
    assert read_metadata(path)["run_id"] == "before"


def test_keys_that_an_older_version_lacks_are_filled(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    path.write_text('{"run_id": "old"}')

    document = read_metadata(path)

    assert document["run_id"] == "old"
    assert set(document) == set(blank())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file; is this a run directory"),
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"schema_version": 2}', "schema version 2, this program reads 1"),
    ],
)
def test_what_is_not_a_metadata_file_is_refused_with_the_reason(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "metadata.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(MetadataError, match=message):
        read_metadata(path)
