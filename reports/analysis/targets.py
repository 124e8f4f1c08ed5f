"""The targets a run is judged against: its own, unless the environment overrides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.core.slo import OBJECTIVES, SloTargets, parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping


def targets_of(recorded: Mapping[str, float], environ: Mapping[str, str]) -> tuple[SloTargets, tuple[str, ...]]:
    """Return the targets and the names of the `SLO_*` variables that changed one.

    `recorded` are the run's own targets by objective name; what is missing there has its default. Raises InputError
    with every variable that is no target.
    """
    values, overrides, problems = dict(recorded), [], []
    for objective in OBJECTIVES:
        text = environ.get(objective.override, "")
        if not text:
            continue
        try:
            value = parse_target(objective.unit, text)
        except ValueError as error:
            problems.append(Problem(objective.override, text, str(error)))
            continue
        if value != values.get(objective.name):
            overrides.append(objective.override)
        values[objective.name] = value
    if problems:
        raise InputError(problems)
    return SloTargets.from_mapping(values), tuple(overrides)
