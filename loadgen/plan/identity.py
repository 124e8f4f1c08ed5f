"""Whose requests these are: the run's name in a header of each, so that operators can tell load from traffic."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgen.plan.model import Plan

RUN_HEADER = "X-Loadgen-Run"
"""Stands beside `User-Agent: loadgen/VERSION`; a target that has a header of this name keeps its own."""

_UNFIT = re.compile(r"[^\x21-\x7e]")


def named(plan: Plan, run_id: str) -> Plan:
    """Return a plan whose requests, the warm-up's too, carry a run's id.

    What cannot stand in a header, in the name of a directory that was given, is an underscore there.
    """
    run_id = _UNFIT.sub("_", run_id)
    return replace(
        plan,
        load=replace(plan.load, run_id=run_id),
        warmup=None if plan.warmup is None else replace(plan.warmup, run_id=run_id),
    )
