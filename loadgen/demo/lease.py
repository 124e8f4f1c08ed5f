"""A time limit on the faults of the panel: whoever sets them goes on saying that it is still there.

Law: faults under a lease that is not renewed are lifted when it ends, so that a drill that is killed breaks nothing
for longer than that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Lease:
    """At most one lease at a time; `lift` is called when it ends."""

    def __init__(self, lift: Callable[[], None]) -> None:
        self._lift = lift
        self._timer: asyncio.TimerHandle | None = None

    def take(self, seconds: float) -> None:
        """Begin a lease, or renew the one that stands."""
        self.drop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def drop(self) -> None:
        """Forget the lease; the faults, if any, stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def left_s(self) -> float | None:
        """Seconds until the faults are lifted; None without a lease."""
        if self._timer is None:
            return None
        return max(0.0, self._timer.when() - asyncio.get_running_loop().time())

    def _end(self) -> None:
        self._timer = None
        self._lift()
