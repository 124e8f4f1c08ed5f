"""Mask secrets in what the observer says: a metrics page may echo anything, and notes and errors quote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from loadgen.core.redact import Redactor, Secret

if TYPE_CHECKING:
    from loadgen.core.messages import ObservePlan

T = TypeVar("T")


def redactor_for(plan: ObservePlan) -> Redactor:
    """Return a redactor that knows the secrets of a plan, the auth header's value with and without its name."""
    value = plan.auth_header.partition(":")[2].strip()
    return Redactor([Secret(text) for text in (*plan.secrets, plan.redis_url, value, value.rpartition(" ")[2]) if text])


def mask_texts(redactor: Redactor, value: T) -> T:
    """Return a copy with every text masked by its content, keys included, which may be label values.

    Numbers stay numbers under any key: a fallback reason may be called `token_expired`. Tuples become lists.
    """
    masked: Any = value
    if isinstance(value, str):
        masked = redactor.text(value)
    elif isinstance(value, dict):
        masked = {redactor.text(str(name)): mask_texts(redactor, item) for name, item in value.items()}
    elif isinstance(value, list | tuple):
        masked = [mask_texts(redactor, item) for item in value]
    return masked  # type: ignore[no-any-return]
