"""The page of settings names every variable that is read, no other, and the defaults that hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings
from loadgen.core.setting_table import ROWS, VARIABLES
from loadgen.core.slo import OBJECTIVES
from loadgen.core.units import NS_PER_S
from tests.support.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.config import Settings
    from loadgen.core.slo import Objective

PAGE = (DOCS / "SETTINGS.md").read_text()
ENVIRONMENT_ONLY = {
    "PROM_AUTH_HEADER", "NO_COLOR", "XDG_STATE_HOME", "PORT", "DEMO_REQUIRE_JWT", "INTERNAL_RATE_LIMIT",
    "LOADGEN_KERNEL",
}  # fmt: skip
IN_FILES = {name.text for row in ROWS for name in row.variables} | set(VARIABLES)


def cells() -> list[list[str]]:
    """Return the rows of every table of the page, without heads and rules."""
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] != "variable" and not row[0].startswith("---")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)


def test_the_page_names_every_variable_that_is_read_and_no_other() -> None:
    told = [name for row in cells() for cell in row[: 2 if len(row) == 4 else 1] for name in named(cell)]
    assert len(told) == len(set(told))
    assert set(told) == IN_FILES | ENVIRONMENT_ONLY


def test_what_only_the_environment_may_say_is_marked() -> None:
    marked = {name for row in cells() if "environment only" in row[-1] for name in named(row[0])}
    assert marked - {"JWT_SECRET"} == ENVIRONMENT_ONLY


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_an_objective_has_the_default_and_the_names_of_the_code(objective: Objective) -> None:
    slo = load_settings(None, {}, {}).slo.to_mapping()
    (row,) = [row for row in cells() if len(row) == 4 and objective.override in named(row[1])]
    assert float(row[2]) == slo[objective.name]
    if row[0]:
        assert named(row[0]) == [objective.target]


@pytest.mark.parametrize(
    ("variable", "default"),
    [
        ("LOAD_RATE", lambda s: s.rate.per_s),
        ("LOAD_CONCURRENCY", lambda s: s.concurrency),
        ("LOAD_SAMPLES", lambda s: s.samples),
        ("INTERVAL_SECONDS", lambda s: s.interval_ns / NS_PER_S),
        ("LOAD_DURATION", lambda s: s.duration_ns / NS_PER_S),
    ],
)
def test_how_much_is_asked_for_by_default_is_what_the_page_says(
    variable: str, default: Callable[[Settings], float]
) -> None:
    (row,) = [row for row in cells() if variable in named(row[0])]
    assert float(row[1]) == default(load_settings(None, {}, {}))
