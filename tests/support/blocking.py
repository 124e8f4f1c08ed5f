"""What finds blocking calls inside an event loop."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from blockbuster import BlockBuster, blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def no_blocking_calls(*packages: str) -> Iterator[BlockBuster]:
    """Make a call that blocks the event loop an error; only in calls that these packages make, all where there is none.

    The tracer of a test under coverage takes a lock of its own in the middle of whatever runs, and waits where another
    thread has it: that is no call of ours.
    """
    with blockbuster_ctx(list(packages) or None) as detector:
        for name in ("threading.Lock.acquire", "threading.Lock.acquire_lock"):
            detector.functions[name].can_block_in("coverage/collector.py", {"lock_data"})
        yield detector
