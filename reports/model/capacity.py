"""What a capacity run left: the question, the answer, the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Broken:
    """A condition that broke, who saw it, and the sentence with its figures."""

    condition: str
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it ended; `figures` are its means by name, times in ms."""

    number: int | None
    rate_per_s: float | None
    purpose: str
    result: str
    clear: bool
    broke: tuple[Broken, ...]
    detail: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Corner:
    """A figure whose rise with the load changes at a rate."""

    name: str
    rate_per_s: float | None
    slope_before: float | None
    slope_after: float | None


@dataclass(frozen=True, slots=True)
class CapacityRun:
    """A whole capacity run; `scalability` holds the figures of the law by name, empty where it was not fitted."""

    run_id: str
    asked: Mapping[str, str]
    verdict: str
    exit_code: int | None
    held_per_s: float | None
    failed_per_s: float | None
    reason: str
    interval: str
    clear: bool
    broke: tuple[Broken, ...]
    steps: tuple[Step, ...]
    scalability: Mapping[str, float]
    client_corners: tuple[Corner, ...]
    server_corners: tuple[Corner, ...]
    usual_per_s: float | None
    headroom: float | None
    validity: str
    validity_reasons: tuple[str, ...]
    floor: str
    complaints: tuple[str, ...]
