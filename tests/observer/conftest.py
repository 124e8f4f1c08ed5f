"""Rules for the observer's tests: nothing blocks the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp  # noqa: F401 - importing reads files, which a running loop must not do
import pytest
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[None]:
    """Fail a test in which a blocking call runs inside the event loop."""
    with blockbuster_ctx():
        yield
