"""What the targets of a plan expect of answers, put where connections find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.net.judge import check_of
from loadgen.net.protocol import CookieConnection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.net.endpoint import Endpoint
    from loadgen.net.pool import Pool
    from loadgen.plan.model import LoadPlan


def expectation_names(plan: LoadPlan) -> tuple[str, ...]:
    """Return the names of the plan's expectations, each once: their numbers are the endings of failures."""
    return tuple(dict.fromkeys(item.name for target in plan.targets for item in target.expect))


def put_checks(plan: LoadPlan, endpoints: Sequence[Endpoint], pools: Sequence[Pool]) -> None:
    """Give each endpoint its check, and the pools of targets that keep cookies connections that do."""
    numbers = {name: number for number, name in enumerate(expectation_names(plan))}
    for endpoint in endpoints:
        target = plan.targets[endpoint.number]
        numbered = [(numbers[item.name], item) for item in target.expect]
        endpoint.check = check_of(numbered, target.follow, cookies=target.cookies)
    for target, pool in zip(plan.targets, pools, strict=True):
        if target.cookies:
            pool.connection = CookieConnection
