"""A backup proves itself, comes back whole or not at all, and overwrites nothing."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from reports.cli import report
from reports.keep.backup import MANIFEST, BackedUp, back_up, backups
from reports.keep.restore import check, restore
from reports.keep.tarball import TarballError
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
KEEP = timedelta(days=30)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory with a result, a baseline, a link to it, and thresholds."""
    quick_run().write(tmp_path / "results" / "phase5-dev-20260301-120000")
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "phase5-baseline-1.json").write_text("{}\n")
    (tmp_path / "baseline" / "phase5-baseline.json").symlink_to("phase5-baseline-1.json")
    (tmp_path / "thresholds.json").write_text("{}\n")
    return tmp_path


def backed_up(here: Path, at: datetime = AT) -> BackedUp:
    sources = [here / name for name in ("results", "baseline", "thresholds.json")]
    return back_up(sources, here / "backups", at, KEEP)


def test_a_backup_comes_back_as_it_was(here: Path, tmp_path: Path) -> None:
    done = backed_up(here)
    checked = restore(done.path, tmp_path / "back")
    assert (len(checked.files), checked.rows) == (done.files, done.rows)
    for path in (here / "results").rglob("*"):
        if path.is_file():
            assert (tmp_path / "back" / path.relative_to(here)).read_bytes() == path.read_bytes()
    assert (tmp_path / "back" / "baseline" / "phase5-baseline.json").read_text() == "{}\n"
    assert [path.name for path in (tmp_path / "back").iterdir() if path.name.startswith(".")] == []


def test_rows_are_counted_and_compared(here: Path) -> None:
    """metrics.csv and load-stats.csv have a header each beside their rows; probes.csv and events.jsonl a few lines."""
    place = here / "results" / "phase5-dev-20260301-120000"
    lines = sum(len(path.read_bytes().splitlines()) for path in place.iterdir() if path.suffix in (".csv", ".jsonl"))
    assert check(backed_up(here).path).rows == lines


def test_nothing_that_is_there_is_overwritten(here: Path) -> None:
    done = backed_up(here)
    (here / "thresholds.json").write_text('{"mine": 1}\n')
    with pytest.raises(InputError, match=r"is there already and is not overwritten"):
        restore(done.path, here)
    assert (here / "thresholds.json").read_text() == '{"mine": 1}\n'


def test_of_a_backup_that_does_not_fit_nothing_is_restored(here: Path, tmp_path: Path) -> None:
    done = backed_up(here)
    target = tmp_path / "back"
    (target / "baseline").mkdir(parents=True)
    (target / "baseline" / "phase5-baseline.json").write_text("mine\n")
    with pytest.raises(InputError):
        restore(done.path, target)
    assert not (target / "results").exists()


def test_a_link_that_leads_out_of_the_target_is_not_followed(here: Path, tmp_path: Path) -> None:
    done = backed_up(here)
    (tmp_path / "outside").mkdir()
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "results").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="a link leads out of the target"):
        restore(done.path, tmp_path / "back")
    assert list((tmp_path / "outside").iterdir()) == []


def rewritten(path: Path, add: dict[str, bytes] | None = None, info: tarfile.TarInfo | None = None) -> Path:
    """Return a copy of a backup, without a sum file, in which members were changed or added."""
    copy = path.with_name("copy.tar.gz")
    changed = dict(add or {})
    with tarfile.open(path) as old, tarfile.open(copy, "w:gz") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            data = changed.pop(member.name, stream.read())
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
        for name, data in changed.items():
            extra = tarfile.TarInfo(name)
            extra.size = len(data)
            new.addfile(extra, io.BytesIO(data))
        if info is not None:
            new.addfile(info)
    return copy


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "results/../../evil", "..\\evil"])
def test_a_name_that_leads_out_is_refused(here: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(TarballError, match="would lie outside of its place"):
        restore(rewritten(backed_up(here).path, {name: b"x"}), tmp_path / "back")
    assert not (tmp_path / "evil").exists()
    assert list((tmp_path / "back").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(here: Path, tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("results/link")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(TarballError, match="is no plain file"):
        restore(rewritten(backed_up(here).path, info=info), tmp_path / "back")


def test_a_file_that_was_edited_is_found(here: Path) -> None:
    with pytest.raises(TarballError, match=r"thresholds\.json has other content than was backed up"):
        check(rewritten(backed_up(here).path, {"thresholds.json": b"[]\n"}))


def test_a_lost_row_is_found(here: Path) -> None:
    name = "results/phase5-dev-20260301-120000/metrics.csv"
    lines = (here / name).read_bytes().splitlines(keepends=True)
    with pytest.raises(TarballError, match=r"metrics\.csv has 3 rows, 4 were backed up"):
        check(rewritten(backed_up(here).path, {name: b"".join(lines[:-1])}))


def test_a_file_that_nobody_backed_up_is_found(here: Path) -> None:
    with pytest.raises(TarballError, match=r"results/new is not in the manifest"):
        check(rewritten(backed_up(here).path, {"results/new": b"x"}))


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"files": 3}', b'{"version": 9, "files": []}',
                                      b'{"version": 1, "files": [{}]}'])  # fmt: skip
def test_a_damaged_manifest_is_told(here: Path, manifest: bytes) -> None:
    with pytest.raises(TarballError, match=r"manifest"):
        check(rewritten(backed_up(here).path, {MANIFEST: manifest}))


@pytest.mark.parametrize("keep", [0, 10, 500, -20])
def test_a_truncated_backup_is_told(here: Path, keep: int) -> None:
    path = backed_up(here).path
    path.with_name(path.name + ".sha256").unlink()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TarballError):
        check(path)


def test_a_flipped_bit_is_found_by_the_sum_and_without_it(here: Path) -> None:
    path = backed_up(here).path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(TarballError, match="its SHA-256 is not the one in"):
        check(path)
    path.with_name(path.name + ".sha256").unlink()
    with pytest.raises(TarballError):
        check(path)


def test_a_foreign_archive_is_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "foreign.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"hello")
    with pytest.raises(TarballError):
        check(path)


def test_old_backups_are_pruned_and_the_newest_never(here: Path) -> None:
    """Files that only look like backups are left alone."""
    first = backed_up(here, AT - timedelta(days=31))
    second = backed_up(here, AT - timedelta(days=29))
    (here / "backups" / "loadgen-backup-old.tar.gz").write_text("mine")
    done = backed_up(here)
    assert done.pruned == (first.path.name,)
    assert [path for _, path in backups(here / "backups")] == [second.path, done.path]
    assert not first.path.with_name(first.path.name + ".sha256").exists()
    assert (here / "backups" / "loadgen-backup-old.tar.gz").exists()


def test_every_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        back_up([tmp_path / "a", tmp_path / "b"], tmp_path / "to", AT, KEEP)
    assert len(caught.value.problems) == 2


def test_the_command_backs_up_verifies_and_restores_the_latest(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a weekly restore check does."""
    monkeypatch.chdir(here)
    run = CliRunner()
    assert "read back and equal" in run.invoke(report, ["backup"], standalone_mode=False).output
    assert ", sound\n" in run.invoke(report, ["restore", "--verify"], standalone_mode=False).output
    assert "restored below back" in run.invoke(report, ["restore", "--to", "back"], standalone_mode=False).output
    assert (here / "back" / "results" / "phase5-dev-20260301-120000" / "metadata.json").exists()
    names = json.dumps(sorted(path.name for path in (here / "back").iterdir()))
    assert names == '["baseline", "results", "thresholds.json"]'


def test_where_there_is_nothing_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in ("backup", "restore"):
        assert isinstance(CliRunner().invoke(report, [verb], standalone_mode=False).exception, LoadgenError)
