"""Every command of docs/REGRESSION.md works as it stands there, and its table is that of the kept simulation."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from pathlib import Path

from benchmarks.regress import markdown
from loadgen.core.errors import ExitCode
from tests.support.baselines import long_run, write_nights
from tests.support.processes import loadgen

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "REGRESSION.md").read_text()


def shown_commands() -> list[str]:
    return re.findall(r"```console\n(loadgen [^\n]*)\n```", PAGE)


def test_the_commands_work_in_the_order_shown(tmp_path: Path) -> None:
    """Two equal runs without a history cannot be told apart: that is exit 3, as the page says."""
    for name in ("first", "second", "third"):
        long_run(run_id=name).write(tmp_path / "results" / name)
    write_nights(tmp_path / "results" / "nightly", date(2026, 3, 1), 15)
    assert len(shown_commands()) == PAGE.count("```console") == 7
    for command in shown_commands():
        ended = loadgen(*shlex.split(command)[1:], cwd=tmp_path)
        expected = ExitCode.INCOMPLETE if " regress " in command else ExitCode.OK
        assert ended.returncode == expected, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert (tmp_path / "compare.html").exists()


def test_the_table_is_that_of_the_kept_simulation() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "regress.json").read_text(encoding="utf-8"))
    assert markdown(kept) in PAGE
