"""Whether feeders whose rows are used once have enough of them: judged before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.core.feeder import FeederPolicy
from loadgen.pace.build import schedule_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.plan.model import Plan


def refuse_short_feeders(plan: Plan) -> None:
    """Raise InputError naming every feeder whose rows end before the load does."""
    if any(feeder.policy is FeederPolicy.ONCE for feeder in plan.load.feeders):
        problems = list(_short(plan))
        if problems:
            raise InputError(problems)


def _short(plan: Plan) -> Iterator[Problem]:
    from loadgen.plan.form import uses_of

    load = plan.load
    total = load.requests if load.closed is not None else schedule_of(load).total
    for feeder in load.feeders:
        if feeder.policy is not FeederPolicy.ONCE:
            continue
        name = f"feeder {feeder.name}"
        if total is None:
            yield Problem(name, "once", "a closed load has no end of its own: give --requests")
            continue
        needed = uses_of(load)[feeder.name].before([total])[0]
        if needed > feeder.count:
            remedy = f"has {feeder.count:,} rows and the load, warm-up included, takes {needed:,}: add rows, send less"
            yield Problem(name, "once", f"{remedy}, or let rows come again with sequential or random")
