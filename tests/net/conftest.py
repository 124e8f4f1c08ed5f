"""Network tests run on uvloop, as the workers do; a blocking call inside the loop fails the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uvloop

from tests.support.blocking import no_blocking_calls

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterator

    from blockbuster import BlockBuster


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    with no_blocking_calls("loadgen") as detector:
        yield detector


@pytest.fixture(autouse=True)
def both_kernels(kernel: str) -> None:
    """Run each test with the compiled kernel and with its twin."""
