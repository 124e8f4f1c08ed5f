"""One point of readiness."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One point; `earned` None means that there is no evidence, which is no point either."""

    key: str
    title: str
    earned: bool | None
    reason: str

    @property
    def value(self) -> int:
        return 1 if self.earned else 0
