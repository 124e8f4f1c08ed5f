"""The nightly validations of a service, one a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from reports.model.validation import Validation


@dataclass(frozen=True, slots=True)
class Nightly:
    """One day's file: `validation` is None where it cannot be read, and `complaints` say why, or what is odd."""

    day: date
    name: str
    validation: Validation | None
    complaints: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """pass, fail or na; a file that cannot be read is na."""
        return "na" if self.validation is None else str(self.validation.summary.overall_status)
