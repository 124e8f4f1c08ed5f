"""Several load phases of one run as the one account that the end of a run closes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.messages import Final
from loadgen.core.shape import Stage
from loadgen.run.merge import sum_of_finals
from loadgen.run.phases import PhaseTotals

if TYPE_CHECKING:
    from loadgen.plan.model import LoadPlan
    from loadgen.run.phases import LoadPhase
    from loadgen.run.validity import Validity


class Course:
    """The phases so far; `plan` is the load as it really was, one stage a phase; `judged` is the generator in each."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = replace(plan, stages=())
        self.judged: list[Validity] = []
        self._totals: list[PhaseTotals] = []
        self._phase: LoadPhase | None = None
        self._rate = plan.stages[0].rate

    def __repr__(self) -> str:
        return f"<Course of {len(self._totals)} phases, now {self._phase!r}>"

    @property
    def ran_ns(self) -> int:
        """How long requests came due, in all phases together."""
        return sum(stage.duration_ns for stage in self.plan.stages)

    def begin(self, phase: LoadPhase) -> None:
        """A phase is about to start; the one before must have been ended."""
        self._phase = phase
        self._rate = phase.plan.stages[0].rate

    def end(self) -> PhaseTotals:
        """Close the phase and return its own account."""
        if self._phase is None:
            return PhaseTotals({}, [], [], 0)
        phase, self._phase = self._phase, None
        totals = phase.close()
        self._totals.append(totals)
        stage = Stage(self._rate, max(1, phase.ran_ns))
        self.plan = replace(self.plan, stages=(*self.plan.stages, stage))
        return totals

    def close(self) -> PhaseTotals:
        """Return the account of all phases together."""
        self.end()
        return PhaseTotals(
            sum_of_finals([Final(one.totals) for one in self._totals]),
            [host for one in self._totals for host in one.hosts],
            [sentence for one in self._totals for sentence in one.unmatched],
            sum(one.missing_seconds for one in self._totals),
        )
