"""Every test of recording runs with the compiled kernel and with its twin."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def both_kernels(kernel: str) -> None:
    """Run each test with the compiled kernel and with its twin."""
