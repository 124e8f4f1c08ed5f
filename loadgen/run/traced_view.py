"""The steps of a run, made from the events that everybody else sees, too.

Laws: a phase is a step that ends where the next one begins; observing is a step beside the load, from the first scrape
on; why a run ends early is the failure of the step that it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.events import EventName
from loadgen.core.execution_trace import StepStatus
from loadgen.core.metadata import Status

if TYPE_CHECKING:
    from loadgen.core.events import Event, Progress, View
    from loadgen.core.execution_trace import Step
    from loadgen.run.execution import Execution

_NAMES = {"main": "load", "end": "finish"}
"""Steps that are called otherwise than their phase."""


class TracedView:
    """Passes everything on to a view and makes steps of it."""

    def __init__(self, view: View, execution: Execution) -> None:
        self._view = view
        self._execution = execution
        self._step: Step | None = None
        self._observing: Step | None = None
        self._samples = {"scrapes": 0, "failed": 0}

    def progress(self, progress: Progress) -> None:
        self._view.progress(progress)

    def event(self, event: Event) -> None:
        take = _TAKERS.get(event.name)
        if take is not None:
            take(self, dict(event.data))
        self._view.event(event)

    def close(self) -> None:
        self._view.close()

    def _phase(self, data: dict[str, Any]) -> None:
        self._end(self._step)
        phase = str(data.get("phase"))
        self._step = self._execution.begin(_NAMES.get(phase, phase))

    def _sample(self, data: dict[str, Any]) -> None:
        if self._observing is None:
            self._observing = self._execution.begin("observe")
        self._samples["scrapes"] += 1
        self._samples["failed"] += not data.get("ok")

    def _decision(self, data: dict[str, Any]) -> None:
        if self._step is not None:
            self._execution.end(
                self._step, StepStatus.FAILURE, why=str(data.get("text")).removeprefix("ending the run: ")
            )

    def _breaker(self, data: dict[str, Any]) -> None:
        if data.get("state") == "TRIPPED":
            self._execution.note(trip={name: value for name, value in data.items() if name != "state"})

    def _validity(self, data: dict[str, Any]) -> None:
        self._execution.trace.metadata["validity"] = data.get("state")

    def _over(self, data: dict[str, Any]) -> None:
        status = str(data.get("status"))
        self._execution.trace.metadata["status"] = status
        failed = status != Status.COMPLETED
        if failed:
            self._execution.trace.error = str(data.get("text") or status)
        self._end(self._step)
        if self._observing is not None:
            every = self._samples["failed"] == self._samples["scrapes"]
            self._execution.end(self._observing, StepStatus.FAILURE if every else StepStatus.SUCCESS, **self._samples)

    def _end(self, step: Step | None) -> None:
        if step is not None:
            self._execution.end(step)


_TAKERS = {
    EventName.PHASE: TracedView._phase,
    EventName.SAMPLE: TracedView._sample,
    EventName.DECISION: TracedView._decision,
    EventName.BREAKER: TracedView._breaker,
    EventName.VALIDITY: TracedView._validity,
    EventName.END: TracedView._over,
}
