"""What the observer saw of a Redis beside the service.

Law: None means that there is no figure; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from loadgen.core.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Pings:
    """The PINGs up to a glance, by how they ended; `times` are those of all but the failed and disturbed ones."""

    sent: int = 0
    answered: int = 0
    timeouts: int = 0
    failed: int = 0
    disturbed: int = 0
    held_up: int = 0
    times: Histogram | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """The entries that the slow log gained up to a glance, and the slowest of those that were seen."""

    new: int
    by_command: Mapping[str, int] = field(default_factory=dict)
    slowest_us: float | None = None
    slowest_command: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """One record of redis.jsonl: what is counted, is counted since the record before.

    `figures` are the numbers of INFO by our names, `texts` its words; both are empty where the server refuses them, or
    where it did not answer: then the glance is not `ok`, and `trouble` says why. `slow` and `events` (the highest delay
    in ms by event) are None where they are refused.
    """

    label: str
    number: int | None
    at: datetime | None
    address: str
    ok: bool = True
    trouble: str = ""
    pings: Pings = Pings()
    reconnects: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    slow: Slow | None = None
    events: Mapping[str, float] | None = None
