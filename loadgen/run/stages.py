"""The stages of a load as people read them, and which of them have begun. Pure."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from loadgen.core.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.shape import Stage
    from loadgen.plan.model import LoadPlan


def stage_text(stage: Stage) -> str:
    """Return a stage's rate, or both of a ramp."""
    return str(stage.rate) if stage.to is None else f"{stage.rate}..{stage.to}"


class StageBegins:
    """Tells each stage of a load once, when it has begun; a load of one stage has nothing to tell."""

    def __init__(self, plan: LoadPlan) -> None:
        stages = plan.stages if len(plan.stages) > 1 else ()
        begins = accumulate((stage.duration_ns for stage in stages), initial=-plan.skip_ns)
        self._left = [
            (begin_ns, f"stage {number} of {len(stages)} begins: {_told(stage)}")
            for number, (begin_ns, stage) in enumerate(zip(begins, stages, strict=False), 1)
        ]

    def by(self, elapsed_ns: int) -> Iterator[tuple[int, str]]:
        """Yield when each stage that has begun since the last call began, from t0, and a sentence about it."""
        while self._left and self._left[0][0] <= elapsed_ns:
            begin_ns, text = self._left.pop(0)
            if begin_ns >= 0:
                yield begin_ns, text


def _told(stage: Stage) -> str:
    name = f"{stage.name}, " if stage.name else ""
    return f"{name}{stage_text(stage)} for {format_duration(stage.duration_ns)}"
