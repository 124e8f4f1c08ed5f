"""What a saved baseline says, as far as a report sets its own figures beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Previous:
    """A baseline: `figures` by the keys of the checks (percent, s, MB), `plan` and `host` as they were recorded."""

    name: str
    source: str
    started: datetime | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    plan: Mapping[str, str] = field(default_factory=dict)
    host: Mapping[str, str] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()
