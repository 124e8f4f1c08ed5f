"""An archive holds a whole run, is the same each time, is proven by its sums, and never holds a secret."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from reports.cli import report
from reports.loader.directory import load
from tests.support.golden import RUN
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NAME = "phase5-dev-20260301-120000"


def invoke(place: Path, target: Path, *options: str, env: dict[str, str] | None = None) -> Result:
    arguments = ["archive", str(place), "--to", str(target), *options]
    return CliRunner().invoke(report, arguments, standalone_mode=False, env=env)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return quick_run().write(tmp_path / NAME)


def test_an_archive_holds_every_file_and_their_sums(tmp_path: Path, place: Path) -> None:
    result = invoke(place, tmp_path / "final")
    assert result.return_value == 0
    with tarfile.open(tmp_path / "final" / f"{NAME}.tar.gz") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    out = tmp_path / "out" / NAME
    assert {path.name for path in out.iterdir()} == {*(path.name for path in place.iterdir()), "checksums.txt"}
    subprocess.run(["sha256sum", "--quiet", "-c", "checksums.txt"], cwd=out, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", f"{NAME}.tar.gz.sha256"], cwd=tmp_path / "final", check=True)
    assert load(out).client.account == load(place).client.account


def test_the_metadata_beside_it_says_what_is_inside(tmp_path: Path, place: Path) -> None:
    invoke(place, tmp_path / "final")
    body = json.loads((tmp_path / "final" / f"{NAME}.archive-metadata.json").read_text())
    archive = tmp_path / "final" / f"{NAME}.tar.gz"
    assert body["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (body["source"], body["samples"], body["total_files"]) == (NAME, 3, len(list(place.iterdir())))
    assert body["checksums_file"] == "checksums.txt"


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, place: Path) -> None:
    copy = tmp_path / "elsewhere" / NAME
    shutil.copytree(place, copy)
    for path in copy.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    for source, target in ((place, "one"), (copy, "two")):
        invoke(source, tmp_path / target)
    assert (tmp_path / "one" / f"{NAME}.tar.gz").read_bytes() == (tmp_path / "two" / f"{NAME}.tar.gz").read_bytes()


def test_archiving_again_changes_nothing_and_another_content_is_refused(tmp_path: Path, place: Path) -> None:
    invoke(place, tmp_path / "final")
    assert "already there, unchanged" in invoke(place, tmp_path / "final").output
    (place / "notes.md").write_text("more\n")
    result = invoke(place, tmp_path / "final")
    assert isinstance(result.exception, InputError)
    assert "is there with other content" in str(result.exception)


@pytest.mark.parametrize(("options", "env", "mode"), [
    ([], {}, 0o200), (["--read-only"], {}, 0), ([], {"ARCHIVE_READONLY": "true"}, 0),
    (["--writable"], {"ARCHIVE_READONLY": "true"}, 0o200),
])  # fmt: skip
def test_an_archive_may_be_read_only(
    tmp_path: Path, place: Path, options: list[str], env: dict[str, str], mode: int
) -> None:
    invoke(place, tmp_path / "final", *options, env=env)
    assert {path.stat().st_mode & 0o200 for path in (tmp_path / "final").iterdir()} == {mode}


def test_defect_17_a_run_with_a_secret_is_not_archived_and_the_secret_not_shown(tmp_path: Path, place: Path) -> None:
    """The published capture wrote a database password into the run directory."""
    (place / "environment.md").write_text("a\nDATABASE_URL=postgres://app:hunter2secret@db/x\n")  # not-a-secret
    result = invoke(place, tmp_path / "final")
    assert isinstance(result.exception, InputError)
    assert f"{NAME}/environment.md, line 2: looks like a secret" in str(result.exception)
    assert "hunter2secret" not in str(result.exception)
    assert not (tmp_path / "final" / f"{NAME}.tar.gz").exists()


def test_a_known_secret_is_found_wherever_it_stands(tmp_path: Path, place: Path) -> None:
    with gzip.open(place / "raw-metrics.txt.1.gz", "wt") as file:
        file.write("# scrape 1\nuses plain-looking-words\n")
    result = invoke(place, tmp_path / "final", env={"PROD_JWT": "plain-looking-words"})
    assert "raw-metrics.txt.1.gz, line 2: looks like a secret" in str(result.exception)
    (tmp_path / "env").write_text("INTERNAL_API_TOKEN=plain-looking-words\n")
    result = invoke(place, tmp_path / "final", "--env-file", str(tmp_path / "env"))
    assert "raw-metrics.txt.1.gz, line 2" in str(result.exception)


def test_a_page_is_looked_through_except_for_its_programs(tmp_path: Path, place: Path) -> None:
    CliRunner().invoke(report, ["production", str(place), "--html", str(place / "report.html")])
    page = (place / "report.html").read_text()
    assert invoke(place, tmp_path / "final").return_value == 0
    (place / "report.html").write_text(page.replace("</body>", "<p>password=hunter2secret</p></body>"))
    assert "report.html, line " in str(invoke(place, tmp_path / "other").exception)
    data = page.replace('id="chart-data">[', 'id="chart-data">[{"token": "abcd1234abcd"},')
    assert data != page
    (place / "report.html").write_text(data)
    assert "report.html, line " in str(invoke(place, tmp_path / "other").exception)


def test_a_real_run_holds_nothing_that_looks_like_a_secret(tmp_path: Path) -> None:
    assert invoke(RUN, tmp_path / "final").return_value == 0


def test_links_are_not_followed_out_of_the_run(tmp_path: Path, place: Path) -> None:
    (tmp_path / "private").write_text("private\n")
    (place / "link").symlink_to(tmp_path / "private")
    result = invoke(place, tmp_path / "final")
    assert "note: left out, since it is no plain file: link" in result.stderr
    with tarfile.open(tmp_path / "final" / f"{NAME}.tar.gz") as tar:
        assert f"{NAME}/link" not in tar.getnames()


def test_a_run_that_still_runs_is_archived_with_a_remark(tmp_path: Path) -> None:
    place = quick_run(status="running").write(tmp_path / NAME)
    assert "note: the run has not ended, or it was killed" in invoke(place, tmp_path / "final").stderr


def test_what_is_no_run_directory_is_refused(tmp_path: Path, place: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", place / "metrics.csv", tmp_path / "none"):
        assert isinstance(invoke(source, tmp_path / "final").exception, LoadgenError)
    assert not (tmp_path / "final").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, place: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke(place, tmp_path / "file" / "final")
    assert isinstance(result.exception, LoadgenError)
    assert "cannot be written" in str(result.exception)
