"""How evenly requests left, beside how evenly they were due: one sum over neighbours in the schedule. Pure.

With the send error e = sent - due, the gap between two requests differs from the gap that was asked for by
e(i) - e(i - 1). Law: neighbours are those of one batch, in the order of their due times; the pair across two batches
is left out, which takes one gap in hundreds and favours none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from loadgen.core.histogram import Int64s


class GapError:
    """`squares` is the sum of the squared gap errors in ns^2, `gaps` their number."""

    def __init__(self) -> None:
        self.squares = 0.0
        self.gaps = 0

    def add(self, due_ns: Int64s, sent_ns: Int64s) -> None:
        """Account for requests that were sent, in any order."""
        if len(due_ns) < 2:
            return
        error = sent_ns - due_ns
        if (due_ns[1:] < due_ns[:-1]).any():
            error = error[np.argsort(due_ns, kind="stable")]
        differences = np.diff(error).astype(np.float64)  # the square of a second does not fit 64 bits of ns^2
        self.squares += float(differences @ differences)
        self.gaps += len(differences)
