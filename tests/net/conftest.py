"""Network tests run on uvloop, as the workers do; a blocking call inside the loop fails the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uvloop
from blockbuster import BlockBuster, blockbuster_ctx

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterator


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    with blockbuster_ctx("loadgen") as detector:
        yield detector


@pytest.fixture(autouse=True)
def both_kernels(kernel: str) -> None:
    """Run each test with the compiled kernel and with its twin."""
