"""Whatever happens to a run directory, the answer is a message or a partial report, never a traceback, never a GO."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgen.core.errors import LoadgenError
from reports.cli import report
from tests.support.runs import quick_run

NEEDED = ("metadata.json", "summary.json", "metrics.csv", "latency.hlog", "load-stats.csv")
DETAILS = ("probes.csv", "events.jsonl")
FUZZ = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quick_run().write(tmp_path_factory.mktemp("whole") / "run")


@dataclass
class Judged:
    """What a verb answered: its exit code or its error, the markdown, and for production the page."""

    return_value: int | None
    exception: BaseException | None
    output: str
    page: str = ""


def judged(verb: str, place: Path) -> Judged:
    """Run a verb; anything but an error of ours or an exit code is a failure of the test."""
    with TemporaryDirectory() as room:
        markdown, page = Path(room, "report.md"), Path(room, "report.html")
        outputs = ["-o", str(markdown), *(["--html", str(page)] if verb == "production" else [])]
        result = CliRunner().invoke(report, [verb, str(place), *outputs], standalone_mode=False)
        if result.exception is not None and not isinstance(result.exception, LoadgenError):
            raise result.exception
        written = [path.read_text() if path.exists() else "" for path in (markdown, page)]
    if verb == "production":
        assert (written[0] == "") == (written[1] == "") == (result.exception is not None)
        assert ('<p class="verdict">GO</p>' in written[1]) == (result.return_value == 0)
    return Judged(result.return_value, result.exception, *written)


def with_file(whole: Path, place: Path, name: str, content: bytes | None) -> Path:
    """Copy a run with one file replaced, or left out for None."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place)
    if content is None:
        (place / name).unlink()
    else:
        (place / name).write_bytes(content)
    return place


def test_the_undamaged_run_is_a_go(whole: Path) -> None:
    result = judged("production", whole)
    assert result.return_value == 0
    assert "Overall Verdict: GO" in result.output


@pytest.mark.parametrize("name", NEEDED)
@FUZZ
@given(data=st.data())
def test_a_needed_file_cut_at_any_byte_is_never_a_go(
    whole: Path, tmp_path: Path, name: str, data: st.DataObject
) -> None:
    content = (whole / name).read_bytes()
    cut = data.draw(st.integers(0, len(content.rstrip()) - 1))
    place = with_file(whole, tmp_path / "run", name, content[:cut])
    result = judged("production", place)
    assert result.return_value != 0
    assert "Verdict: GO" not in result.output
    judged("partial", place)


@pytest.mark.parametrize("name", DETAILS)
@FUZZ
@given(data=st.data())
def test_a_file_of_details_may_be_cut_anywhere(whole: Path, tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = (whole / name).read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    assert judged("production", with_file(whole, tmp_path / "run", name, content[:cut])).return_value == 0


@pytest.mark.parametrize("name", NEEDED)
@FUZZ
@given(data=st.data())
def test_overwritten_bytes_never_give_a_traceback(whole: Path, tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray((whole / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=8))
    content[at : at + len(noise)] = noise
    place = with_file(whole, tmp_path / "run", name, bytes(content))
    judged("production", place)
    judged("partial", place)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", ["metadata.json", "summary.json"])
@FUZZ
@given(data=st.data())
def test_any_value_may_stand_under_any_key(whole: Path, tmp_path: Path, name: str, data: st.DataObject) -> None:
    document = orjson.loads((whole / name).read_bytes())
    place = document
    for _ in range(data.draw(st.integers(0, 2))):
        inner = [key for key, value in place.items() if isinstance(value, dict) and value]
        if inner:
            place = place[data.draw(st.sampled_from(sorted(inner)))]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    damaged = with_file(whole, tmp_path / "run", name, orjson.dumps(document))
    judged("production", damaged)
    judged("partial", damaged)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_named_and_makes_the_run_incomplete(whole: Path, tmp_path: Path, name: str) -> None:
    result = judged("production", with_file(whole, tmp_path / "run", name, None))
    assert result.return_value == 3
    assert f"{name}: missing" in result.output
    assert "INCOMPLETE (NO-GO: missing" in result.output


@pytest.mark.parametrize("name", NEEDED)
def test_an_empty_file_is_named_and_makes_the_run_incomplete(whole: Path, tmp_path: Path, name: str) -> None:
    result = judged("production", with_file(whole, tmp_path / "run", name, b""))
    assert result.return_value == 3
    assert f"Record: {name}" in result.output


def test_a_place_that_does_not_exist_is_said(tmp_path: Path) -> None:
    result = judged("production", tmp_path / "nowhere")
    assert "nowhere: no such file or directory" in str(result.exception)


def test_an_empty_directory_is_no_run(tmp_path: Path) -> None:
    result = judged("production", tmp_path)
    assert "not a run directory; metadata.json: missing" in str(result.exception)


def test_foreign_files_are_no_run(tmp_path: Path) -> None:
    for name in (*NEEDED, *DETAILS):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff" * 20)
    result = judged("production", tmp_path)
    assert "not a run directory" in str(result.exception)


def test_a_foreign_csv_is_refused_by_its_header(tmp_path: Path) -> None:
    foreign = tmp_path / "other.csv"
    foreign.write_text("a,b\n1,2\n")
    result = judged("partial", foreign)
    assert "the first line is not a header of metrics.csv" in str(result.exception)
