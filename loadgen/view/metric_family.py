"""Metrics in the Prometheus text format: what a family is, and how a page of them is written. Pure.

Laws: HELP and TYPE of a family stand before its samples, also where it has none; what is not known has no sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loadgen.view.self_account import SelfAccount

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, dict[str, str], float | int | None]
"""What follows the family's name, labels, value; None for a value that is not known."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `samples` makes its samples of an account."""

    name: str
    kind: str
    meaning: str
    samples: Callable[[SelfAccount], Iterator[Sample]]


def page_of(families: Iterable[Family], account: SelfAccount) -> str:
    """Return the whole page."""
    lines: list[str] = []
    for family in families:
        lines += [f"# HELP {family.name} {family.meaning}", f"# TYPE {family.name} {family.kind}"]
        lines += [
            f"{family.name}{suffix}{_labels(labels)} {number(value)}"
            for suffix, labels, value in family.samples(account)
            if value is not None
        ]
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Return a value as the format has it."""
    if isinstance(value, int):
        return str(value)
    return "+Inf" if value == math.inf else f"{value:.12g}"


def _labels(labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
