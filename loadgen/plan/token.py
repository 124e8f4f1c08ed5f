"""A plan with another token in the place of the one it has.

Law: only headers that hold exactly the old token's Authorization change, so a target's own Authorization stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.redact import Secret
from loadgen.plan.model import Header

if TYPE_CHECKING:
    from loadgen.plan.model import LoadPlan, Plan, Target

PENDING = Secret("no-token-has-been-asked-for-yet")
"""Stands in a plan for the first token."""


def bearer(token: Secret) -> Secret:
    """Return the Authorization of a token."""
    return Secret(f"Bearer {token.reveal()}")


def with_token(plan: LoadPlan, token: Secret) -> LoadPlan:
    """Return the phase with this token; one whose token is not renewed comes back as it is."""
    if plan.bearer is None:
        return plan
    old, new = bearer(plan.bearer), bearer(token)

    def renewed(target: Target) -> Target:
        return replace(
            target, headers=tuple(Header(item.name, new) if item.value == old else item for item in target.headers)
        )

    return replace(plan, targets=tuple(renewed(target) for target in plan.targets), bearer=token)


def plan_with_token(plan: Plan, token: Secret) -> Plan:
    """Return the whole plan with this token, which joins its secrets."""
    return replace(
        plan,
        load=with_token(plan.load, token),
        warmup=None if plan.warmup is None else with_token(plan.warmup, token),
        jwt=token,
        secrets=(*plan.secrets, token),
    )
