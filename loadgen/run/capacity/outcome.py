"""How a step ended, as the search sees it and as decisions.jsonl keeps it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.units import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping


class Purpose(Enum):
    """Why a step is run.

    RETRY runs a rate again that failed by an estimate only; RECOVER a tenth of a rate at which the breaker tripped,
    until the service is well.
    """

    HOLD = "hold"
    BRACKET = "bracket"
    BISECT = "bisect"
    RETRY = "retry"
    CONFIRM = "confirm"
    RECOVER = "recover"


class Result(Enum):
    """INVALID: our own limit was reached; UNKNOWN: a condition had no data to be judged on."""

    HELD = "held"
    FAILED = "failed"
    TRIPPED = "tripped"
    INVALID = "invalid"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Broke:
    """What broke in a step: the condition, who saw it (`client` or `server`), and the sentence with its figures."""

    condition: str
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step that has ended. `figures` are its means: offered and achieved rate, open requests, times, columns.

    `unserved` says how its requests ended where not one of them was answered well, `unreached` that none was even sent.
    """

    number: int
    rate: Rate
    purpose: Purpose
    result: Result
    clear: bool = True
    broke: tuple[Broke, ...] = ()
    detail: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    unserved: str = ""
    unreached: bool = False

    def to_body(self) -> dict[str, Any]:
        """Return the line of decisions.jsonl."""
        return {
            "number": self.number,
            "rate": [self.rate.count, self.rate.per_ns],
            "rate_per_s": self.rate.per_s,
            "purpose": self.purpose.value,
            "result": self.result.value,
            "clear": self.clear,
            "broke": [{"condition": one.condition, "side": one.side, "text": one.text} for one in self.broke],
            "detail": self.detail,
            "figures": dict(self.figures),
            "unserved": self.unserved,
            "unreached": self.unreached,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Outcome:
        """Read a line back; raise ValueError, KeyError or TypeError when it is not one."""
        return cls(
            number=int(body["number"]),
            rate=Rate(*body["rate"]),
            purpose=Purpose(body["purpose"]),
            result=Result(body["result"]),
            clear=bool(body["clear"]),
            broke=tuple(Broke(one["condition"], one["side"], one["text"]) for one in body["broke"]),
            detail=str(body["detail"]),
            figures={str(name): float(value) for name, value in body["figures"].items()},
            unserved=str(body.get("unserved", "")),
            unreached=bool(body.get("unreached", False)),
        )
