"""What a capacity run found. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import ExitCode

if TYPE_CHECKING:
    from loadgen.core.units import Rate
    from loadgen.run.capacity.outcome import Broke


class Verdict(Enum):
    """How it ended: (word, exit code)."""

    FOUND = ("FOUND", ExitCode.OK)
    CEILING_HOLDS = ("CEILING HOLDS", ExitCode.OK)
    HOLDS = ("HOLDS", ExitCode.OK)
    DOES_NOT_HOLD = ("DOES NOT HOLD", ExitCode.NO_GO)
    NOTHING_HOLDS = ("NOTHING HOLDS", ExitCode.NO_GO)
    INCONCLUSIVE = ("INCONCLUSIVE", ExitCode.INCOMPLETE)
    BREAKER = ("BREAKER", ExitCode.BREAKER)
    INVALID = ("INVALID", ExitCode.INVALID)

    @property
    def word(self) -> str:
        return self.value[0]

    @property
    def exit_code(self) -> ExitCode:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Answer:
    """The interval: `held` is the highest rate that held, `failed` the lowest that did not; None where there is none.

    `broke` says what broke in the lowest failed step, the first one first; `clear` is False where one end of the
    interval was decided by an estimate whose bounds straddle the limit. `unserved` says how the requests ended where no
    step had one that was answered well; `unreached` that none of them came to the service.
    """

    verdict: Verdict
    held: Rate | None
    failed: Rate | None
    reason: str
    broke: tuple[Broke, ...] = ()
    clear: bool = True
    unserved: str = ""
    unreached: bool = False

    def __str__(self) -> str:
        return f"{self.verdict.word}: {self.reason}; {self.interval}"

    @property
    def interval(self) -> str:
        """The interval in words; what never reached the service says nothing of its capacity."""
        if self.unreached:
            return f"nothing is known of the capacity, since no request reached the service: {self.unserved}"
        if self.unserved:
            return f"the capacity is below {self.failed}, and no request was answered well: {self.unserved}"
        if self.held is None:
            return "nothing is known of the capacity" if self.failed is None else f"the capacity is below {self.failed}"
        if self.failed is None:
            return f"the capacity is at least {self.held}"
        return f"the capacity is between {self.held} and {self.failed}"

    def to_body(self) -> dict[str, Any]:
        """Return it as it stands in capacity.json."""
        return {
            "verdict": self.verdict.word,
            "exit_code": int(self.verdict.exit_code),
            "held_per_s": None if self.held is None else self.held.per_s,
            "failed_per_s": None if self.failed is None else self.failed.per_s,
            "reason": self.reason,
            "interval": self.interval,
            "broke": [{"condition": one.condition, "side": one.side, "text": one.text} for one in self.broke],
            "clear": self.clear,
        }
