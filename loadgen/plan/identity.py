"""Whose requests these are: the run's name in a header of each, so that operators can tell load from traffic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgen.plan.model import Plan

RUN_HEADER = "X-Loadgen-Run"
"""Stands beside `User-Agent: loadgen/VERSION`; a target that has a header of this name keeps its own."""


def named(plan: Plan, run_id: str) -> Plan:
    """Return a plan whose requests, the warm-up's too, carry a run's id."""
    return replace(
        plan,
        load=replace(plan.load, run_id=run_id),
        warmup=None if plan.warmup is None else replace(plan.warmup, run_id=run_id),
    )
