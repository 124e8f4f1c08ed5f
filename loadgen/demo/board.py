"""Series that somebody else puts on the metrics page, so that alert rules have something to fire on.

Laws: every such series bears the mark of the made-up, and none has the name of a family of the service itself; one
scenario stands at a time; it is gone after a restart, as everything is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from loadgen.core.synthetic import GAUGE, LABEL, VALUE, is_synthetic

if TYPE_CHECKING:
    from collections.abc import Collection

    from prometheus_client.metrics_core import Metric


class BoardError(ValueError):
    """A page that does not belong on the board; the text says why."""


class TakenError(ValueError):
    """Another scenario stands on the board."""


class Board:
    """The series that stand there and the scenario they belong to, both empty for none.

    `own` are the names of the service's own families.
    """

    def __init__(self, own: Collection[str]) -> None:
        self._own = own
        self.scenario = ""
        self.series = 0
        self.page = b""

    def put(self, raw: bytes) -> None:
        """Put a page there in place of the one before; raise BoardError, or TakenError."""
        scenario, series = self._read(raw)
        if self.scenario not in ("", scenario):
            raise TakenError(f"{self.scenario} stands there; DELETE lifts it")
        self.scenario, self.series, self.page = scenario, series, raw

    def clear(self) -> None:
        self.scenario, self.series, self.page = "", 0, b""

    def as_json(self) -> dict[str, object]:
        return {"scenario": self.scenario, "series": self.series}

    def _read(self, raw: bytes) -> tuple[str, int]:
        """Return the scenario that a page names, and how many series it has."""
        try:
            families = list(text_string_to_metric_families(raw.decode()))
        except ValueError as error:
            raise BoardError(f"not in the text format: {error}") from error
        if not raw.endswith(b"\n"):
            raise BoardError("the last line has no end")
        taken = sorted(family.name for family in families if self._has(family))
        if taken:
            raise BoardError(f"the service has {', '.join(taken)} itself")
        samples = [sample for family in families for sample in family.samples]
        bare = next((sample for sample in samples if not is_synthetic(sample.labels)), None)
        if bare is not None:
            raise BoardError(f'{bare.name} does not bear {LABEL}="{VALUE}"')
        names = {sample.labels.get("scenario", "") for sample in samples if sample.name == GAUGE}
        if len(names) != 1 or "" in names:
            raise BoardError(f"one {GAUGE} with the label scenario must be among the series")
        return names.pop(), len(samples)

    def _has(self, family: Metric) -> bool:
        return family.name in self._own or f"{family.name}_total" in self._own
