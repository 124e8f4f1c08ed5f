"""A running demo service for the tests of this directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.support.demo import Demo, running_demo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[Demo]:
    """A demo service with default settings that pretends no work."""
    async with running_demo() as running:
        yield running
