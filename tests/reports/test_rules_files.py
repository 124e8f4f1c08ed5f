"""The rule files in the repository are what the generator writes, and promtool finds no fault with them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from reports.cli import report

OPS = Path(__file__).parents[2] / "ops"


def test_the_files_of_the_repository_are_what_the_generator_writes(tmp_path: Path) -> None:
    result = CliRunner().invoke(report, ["rules", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for written in sorted(tmp_path.iterdir()):
        assert written.read_text() == (OPS / "prometheus" / written.name).read_text(), "run: loadgen report rules"
