"""Worker tests drive real processes; what runs in this process runs on uvloop, as the workers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import uvloop

from tests.support.worker_process import WorkerProcess

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Iterator


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    """A worker that has said hello."""
    process = WorkerProcess()
    yield process
    process.close()
