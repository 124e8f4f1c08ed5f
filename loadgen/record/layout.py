"""How one ended request is written down: five integers, the last of which packs endpoint and ending.

Laws: a row is (due, free, sent, done, code) in ns since the system's start; rows are appended in the order of `done`;
code = endpoint x 128 + ending, where an ending is an Outcome, FIRST_EXPECTATION + the number of the expectation that
did not hold, or UNSENT. Dropped rows have free = sent = 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.messages import CLOCKS, PHASES
from loadgen.core.outcome import MOST_EXPECTATIONS, Blame, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ENDING_BITS = 7
ENDINGS = 1 << ENDING_BITS
UNSENT = ENDINGS - 1
"""The ending of a request that still waited for a connection when the run ended: open, so not an Outcome."""
FIRST_EXPECTATION = 32

RESPONSE, RESPONSE_OK, SERVICE, LAG, WAIT = range(len(CLOCKS))
CONNECT, TLS, FIRST_BYTE, TRANSFER = range(len(CLOCKS), len(CLOCKS) + len(PHASES))
FIRST_ENDPOINT = len(CLOCKS) + len(PHASES)
"""The histograms of a recorder: one for each clock, one for each phase, then one for each endpoint."""


def outcome_of(ending: int) -> Outcome | None:
    """Return the outcome that an ending stands for; None for UNSENT and for what nothing ends with."""
    if FIRST_EXPECTATION <= ending < FIRST_EXPECTATION + MOST_EXPECTATIONS:
        return Outcome.EXPECTATION
    return Outcome(ending) if ending < len(Outcome) else None


def _where(holds: Callable[[Outcome], bool]) -> NDArray[np.bool_]:
    """Return, for every ending, whether something holds of its outcome; False where there is none."""
    outcomes = (outcome_of(ending) for ending in range(ENDINGS))
    return np.array([outcome is not None and holds(outcome) for outcome in outcomes])


WAS_SENT = _where(lambda outcome: outcome.sent)
IS_OK = _where(lambda outcome: outcome.ok)
HAS_ENDED = _where(lambda outcome: outcome is not Outcome.ABORTED)
WAITED_FOR_TARGET = _where(lambda outcome: outcome.blame is Blame.TARGET)
WAITED_FOR_TARGET[UNSENT] = True
COUNTS_AS_FAILURE = _where(lambda outcome: not outcome.ok and outcome.blame is Blame.TARGET)


def code_of(endpoint: int, ending: int) -> int:
    """Return the code of a row."""
    return endpoint << ENDING_BITS | ending
