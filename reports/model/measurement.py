"""What two runs are compared by: the part of a run that a baseline file keeps.

Laws: None means that there is no figure, never 0; latencies of blocks are ns in the slots of `core.histogram`, all
other latencies seconds; blocks follow one another in time and none is empty of length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.model.run import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from loadgen.core.histogram import Int64s
    from reports.model.server import Bounds, Row

MEMORY = "memory"
"""The cache implementation of a run that names none."""


@dataclass(frozen=True, slots=True)
class Block:
    """The requests that ended in one stretch: `counts` of their response times by `slots`, `ok` of them good."""

    start_s: float
    length_s: float
    slots: Int64s
    counts: Int64s
    ok: int

    @property
    def total(self) -> int:
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Latencies:
    """One histogram of a validation: its percentiles and mean in s, and how many observations it had."""

    p50: float | None
    p95: float | None
    p99: float | None
    count: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run as it is compared; `validation_only` when it never had more than a validation JSON.

    `verdict` is the word of its report or validation, empty where it was not judged; `partial` says why not all of the
    run is there; `synthetic` and `complaints` are sentences. `unit_s` is the length of a block. `shares` are the
    service's events of how many, by the key of the metric. `latencies` and `counters` are those of the validation JSON.
    """

    name: str
    source: str
    at: datetime | None = None
    impl: str = MEMORY
    validation_only: bool = False
    verdict: str = ""
    validity: str = ""
    synthetic: str = ""
    partial: str = ""
    parameters: Parameters = field(default_factory=Parameters)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    unit_s: float = 0.0
    blocks: tuple[Block, ...] = ()
    rows: tuple[Row, ...] = ()
    shares: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    percentiles: Mapping[str, Bounds] = field(default_factory=dict)
    buckets: tuple[tuple[float, float], ...] = ()
    rss_mb_max: float | None = None
    cpu_pct: float | None = None
    latencies: Mapping[str, Latencies] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        """How many response times there are."""
        return sum(block.total for block in self.blocks)

    @property
    def duration_s(self) -> float:
        """How long the blocks last together."""
        return sum(block.length_s for block in self.blocks)
