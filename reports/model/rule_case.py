"""A case of an alert: a course of events, and whether the alert fires after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SampledSeries:
    """A series with one value a minute, in promtool's notation (`0+6x30`: 31 values, each 6 more)."""

    name: str
    labels: Mapping[str, str]
    values: str

    def __str__(self) -> str:
        inside = ",".join(f'{key}="{value}"' for key, value in sorted(self.labels.items()))
        return f"{self.name}{{{inside}}}"


@dataclass(frozen=True, slots=True)
class Case:
    """What happens to `alert` at minute `at_min` of a course of events told by `what`.

    `labels` choose the alert of this case among those of others that are played at once; one that is `alone` cannot
    be played with others.
    """

    alert: str
    what: str
    fires: bool
    series: tuple[SampledSeries, ...]
    at_min: int
    labels: Mapping[str, str]
    alone: bool = False

    @property
    def name(self) -> str:
        return f"{self.alert} {'fires' if self.fires else 'is silent'}: {self.what}"
