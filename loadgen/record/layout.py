"""How one ended request is written down: five integers, the last of which packs endpoint and ending.

Laws: a row is (due, free, sent, done, code) in ns since the system's start; rows are appended in the order of `done`;
code = endpoint x 32 + ending, where an ending is an Outcome or UNSENT. Dropped rows have free = sent = 0.
"""

from __future__ import annotations

import numpy as np

from loadgen.core.messages import CLOCKS, PHASES
from loadgen.core.outcome import Blame, Outcome

ENDING_BITS = 5
ENDINGS = 1 << ENDING_BITS
UNSENT = ENDINGS - 1
"""The ending of a request that still waited for a connection when the run ended: open, so not an Outcome."""

RESPONSE, RESPONSE_OK, SERVICE, LAG, WAIT = range(len(CLOCKS))
CONNECT, TLS, FIRST_BYTE, TRANSFER = range(len(CLOCKS), len(CLOCKS) + len(PHASES))
FIRST_ENDPOINT = len(CLOCKS) + len(PHASES)
"""The histograms of a recorder: one for each clock, one for each phase, then one for each endpoint."""

WAS_SENT = np.array([code < len(Outcome) and Outcome(code).sent for code in range(ENDINGS)])
IS_OK = np.array([code == Outcome.OK for code in range(ENDINGS)])
HAS_ENDED = np.array([code < len(Outcome) and Outcome(code) is not Outcome.ABORTED for code in range(ENDINGS)])
WAITED_FOR_TARGET = np.array(
    [code == UNSENT or (code < len(Outcome) and Outcome(code).blame is Blame.TARGET) for code in range(ENDINGS)]
)
COUNTS_AS_FAILURE = np.array(
    [code < len(Outcome) and not Outcome(code).ok and Outcome(code).blame is Blame.TARGET for code in range(ENDINGS)]
)


def code_of(endpoint: int, ending: int) -> int:
    """Return the code of a row."""
    return endpoint << ENDING_BITS | ending
