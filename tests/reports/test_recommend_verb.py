"""`report recommend`: the draft, its refusals, and the final document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError
from reports.cli import report
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PLACES = ("`<service>`", "`<owner>`", "`<name, date>`", "`<date>`")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["recommend", *arguments], standalone_mode=False)


def filled(text: str) -> str:
    for place in PLACES:
        text = text.replace(place, "checkout")
    return text


def test_the_draft_goes_into_a_new_directory(tmp_path: Path) -> None:
    target = tmp_path / "docs" / "phase5" / "SLO_DRAFT.md"
    result = invoke(str(RunOnDisk().write(tmp_path / "run")), "-o", str(target))
    assert result.return_value == 0
    text = target.read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# SLO Draft: run", "## Observed", "## Recommended Targets", "## Alert Thresholds", "## Scaling Triggers",
        "## Notes",
    ]  # fmt: skip
    assert all(place in text for place in PLACES)


def test_an_alert_that_would_have_fired_says_when(tmp_path: Path) -> None:
    """The second row's server error rate of 9 % is beyond 5 × 1 %."""
    run = quick_run(errors_5xx=3, rows={2: {"error_rate": "0.09"}})
    output = invoke(str(run.write(tmp_path / "run"))).output
    line = next(line for line in output.splitlines() if "warning" in line and "metrics.csv, error_rate" in line)
    assert "would have fired at 20s for 0s, worst 9.00 %" in line


@pytest.mark.parametrize(
    ("run", "code", "reason"),
    [
        (quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}), 5, "INVALID: lag"),
        (quick_run(metadata={"status": "aborted_circuit_breaker"}), 4, "the circuit breaker ended it"),
        (quick_run(status="interrupted"), 3, "Run: interrupted (Ctrl-C) before its end"),
        (quick_run(written=1), 3, "Coverage: 1 sample over 10s"),
        (quick_run(metadata={"synthetic": True}), 3, "its data are synthetic"),
        (quick_run(kind="fallback-scenario"), 3, "it is a fallback scenario"),
        (quick_run(metadata={"validity": {"state": "VALID", "target_limited": True}}), 1, "Load: TARGET-LIMITED"),
    ],
    ids=["INVALID", "tripped", "interrupted", "few rows", "synthetic", "scenario", "target-limited"],
)
def test_a_run_that_is_no_basis_is_refused(tmp_path: Path, run: RunOnDisk, code: int, reason: str) -> None:
    place = run.write(tmp_path / "run")
    result = invoke(str(place))
    assert result.return_value == code
    assert "run is no basis for objectives" in result.stderr
    assert reason in result.stderr
    assert result.stdout == ""


def test_force_makes_a_draft_that_says_so_and_cannot_become_final(tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    place = quick_run(status="interrupted").write(tmp_path / "run")
    assert invoke(str(place), "--force", "-o", str(draft)).return_value == 0
    assert "> **Made with --force from a run that is no basis: Run: interrupted" in draft.read_text()
    draft.write_text(filled(draft.read_text()))
    result = invoke("--finalize", str(tmp_path / "SLO.md"), "--draft", str(draft))
    assert "was made with --force" in str(result.exception)


def test_a_run_that_misses_a_target_is_a_basis(tmp_path: Path) -> None:
    assert invoke(str(quick_run(errors_5xx=30).write(tmp_path / "run"))).return_value == 0


def test_an_edited_draft_becomes_final(tmp_path: Path) -> None:
    draft, final = tmp_path / "draft.md", tmp_path / "docs" / "SLO_v2.5.0.md"
    invoke(str(RunOnDisk().write(tmp_path / "run")), "-o", str(draft))
    draft.write_text(filled(draft.read_text()).replace("≤ 500 ms", "≤ 250 ms"))
    assert invoke("--finalize", str(final), "--draft", str(draft)).return_value == 0
    text = final.read_text()
    assert text.startswith("# Service Level Objectives: SLO_v2.5.0\n\n**Status:** FINAL since 20")
    assert "≤ 250 ms" in text
    assert "Replace every placeholder" not in text
    again = invoke("--finalize", str(final), "--draft", str(draft))
    assert "exists: give another name, or --force to replace it" in str(again.exception)


def test_every_placeholder_is_named_with_its_line(tmp_path: Path) -> None:
    draft = tmp_path / "draft.md"
    invoke(str(RunOnDisk(cache_hits=0, cache_misses=0).write(tmp_path / "run")), "--force", "-o", str(draft))
    result = invoke("--finalize", str(tmp_path / "SLO.md"), "--draft", str(draft))
    assert isinstance(result.exception, InputError)
    message = str(result.exception)
    for place in ("<service>", "<owner>", "<name, date>", "<date>", "<decide>"):
        assert f"= '{place}': is still to be filled in" in message
    assert not (tmp_path / "SLO.md").exists()


@pytest.mark.parametrize("text", ["", "# Something else\n", "# SLO Draft: x\n\nno status\n"])
def test_a_text_that_is_no_draft_is_refused(tmp_path: Path, text: str) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text(text)
    result = invoke("--finalize", str(tmp_path / "SLO.md"), "--draft", str(draft))
    assert "is no draft of `loadgen report recommend`" in str(result.exception)


def test_a_missing_draft_is_one_message(tmp_path: Path) -> None:
    result = invoke("--finalize", str(tmp_path / "SLO.md"), "--draft", str(tmp_path / "none.md"))
    assert "the draft cannot be read (No such file or directory)" in str(result.exception)


@pytest.mark.parametrize("name", ["metadata.json", "latency.hlog", "load-stats.csv", "metrics.csv", "probes.csv"])
@pytest.mark.parametrize("damage", [b"", b"\x00\xff{{", None], ids=["empty", "foreign", "missing"])
def test_a_damaged_run_never_ends_in_a_traceback(tmp_path: Path, name: str, damage: bytes | None) -> None:
    place = quick_run().write(tmp_path / "run")
    if damage is None:
        (place / name).unlink()
    else:
        (place / name).write_bytes(damage)
    result = invoke(str(place), "--force")
    assert result.exception is None
    assert result.return_value == 0
