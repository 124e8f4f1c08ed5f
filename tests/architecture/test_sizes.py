"""Files stay small enough to hold one noun."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
FILES = sorted(path for package in ("loadgen", "observer", "reports") for path in (ROOT / package).rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "util", "misc", "tools"}


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_has_more_than_400_lines() -> None:
    assert {str(path.relative_to(ROOT)): _lines(path) for path in FILES if _lines(path) > 400} == {}


def test_half_of_the_files_have_fewer_than_150_lines() -> None:
    assert median(_lines(path) for path in FILES if path.name != "__init__.py") < 150


def test_no_module_is_named_after_nothing() -> None:
    assert [path for path in FILES if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES] == []


def test_every_module_says_what_it_is() -> None:
    assert [str(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_the_top_level_holds_exactly_the_planned_parts() -> None:
    hidden_or_made = {".git", ".venv", "results", "baseline", "build", "dist", "loadgen.egg-info", "final-artifacts"}
    found = {path.name for path in ROOT.iterdir() if path.name not in hidden_or_made and not path.name.startswith(".")}
    planned = {
        "pyproject.toml", "loadgen", "observer", "reports", "benchmarks", "tests", "Makefile", "README.md", "LICENSE",
        "CHANGELOG.md", "requirements.lock", "docs", "ops", "phase5-load.pid", "phase5-observe.pid",
    }  # fmt: skip
    assert found <= planned
