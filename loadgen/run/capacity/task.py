"""What a capacity run is asked, and the document that it leaves: capacity.json. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loadgen.run.capacity.fit import find_bends, fit_scalability, headroom
from loadgen.run.capacity.outcome import Purpose, Result
from loadgen.run.capacity.tally import SERVER_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.run.capacity.answer import Answer
    from loadgen.run.capacity.conditions import Condition
    from loadgen.run.capacity.outcome import Outcome
    from loadgen.run.capacity.schedule import Lengths
    from loadgen.run.capacity.search import SearchTerms

_CLIENT_FIGURES = ("p50_ms", "p99_ms", "mean_ms", "open", "error_rate")


@dataclass(frozen=True, slots=True)
class CapacityTask:
    """One capacity run; `before` are the outcomes of the run that it resumes, `usual_per_s` the everyday rate."""

    conditions: tuple[Condition, ...]
    terms: SearchTerms
    lengths: Lengths
    concurrency: int
    workers: int
    target: str
    usual_per_s: float
    before: tuple[Outcome, ...] = field(default=())

    def to_body(self) -> dict[str, Any]:
        """Return what must be equal for a run to be resumed; the first line of decisions.jsonl."""
        start = self.terms.start
        return {
            "mode": "hold" if start is None else "search",
            "conditions": [condition.text for condition in self.conditions],
            "ceiling_per_s": self.terms.ceiling.per_s,
            "start_per_s": None if start is None else start.per_s,
            "precision": self.terms.precision,
            "production": self.terms.production,
            "settle_s": self.lengths.settle_s,
            "block_s": self.lengths.block_s,
            "hold_s": self.lengths.hold_s,
            "concurrency": self.concurrency,
            "workers": self.workers,
            "target": self.target,
        }


def capacity_document(task: CapacityTask, run_id: str, answer: Answer, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return capacity.json: the question, the answer, every step, and what the steps say together."""
    steps = [outcome for outcome in outcomes if outcome.purpose is not Purpose.RECOVER and outcome.figures]
    judged = [dict(one.figures) for one in steps if one.result in (Result.HELD, Result.FAILED)]
    columns = sorted({name for one in judged for name in one if name.startswith(SERVER_PREFIX)})
    law = fit_scalability(judged)
    held_per_s = None if answer.held is None else answer.held.per_s
    return {
        "schema_version": 1,
        "run_id": run_id,
        "asked": task.to_body(),
        "answer": answer.to_body(),
        "steps": [outcome.to_body() for outcome in outcomes],
        "scalability": None if law is None else law.to_body(),
        "bends": {
            "client": [bend.to_body() for bend in find_bends(judged, _CLIENT_FIGURES)],
            "server": [bend.to_body() for bend in find_bends(judged, columns)],
        },
        "headroom": {"usual_per_s": task.usual_per_s, "share": headroom(held_per_s, task.usual_per_s)},
    }
