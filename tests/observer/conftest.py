"""Rules for the observer's tests: nothing blocks the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.blocking import no_blocking_calls

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[None]:
    """Fail a test in which a blocking call runs inside the event loop."""
    with no_blocking_calls("observer", "loadgen"):
        yield
