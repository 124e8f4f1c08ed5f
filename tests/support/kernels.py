"""Runs tests with the compiled kernel and with its twin in Python."""

from __future__ import annotations

import pytest

from loadgen.core.kernel import find_kernel


@pytest.fixture(params=["compiled", "python"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Choose one of the two; the compiled one is passed over where it was not built."""
    chosen = str(request.param)
    monkeypatch.delenv("LOADGEN_KERNEL", raising=False)
    if chosen == "python":
        monkeypatch.setenv("LOADGEN_KERNEL", "python")
    elif find_kernel() is None:
        pytest.skip("the kernel was not built")
    return chosen
