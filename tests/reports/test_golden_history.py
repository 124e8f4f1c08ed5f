"""The recorded run gives exactly the draft and the service levels that were read and found right."""

from __future__ import annotations

import pytest

from tests.support.golden_history import texts


@pytest.mark.parametrize("name", ["demo-baseline-slo-draft.md", "demo-baseline-slo-tracking.md"])
def test_the_texts_of_the_recorded_run_are_as_expected(name: str) -> None:
    (expected,) = [(path, text) for path, text in texts().items() if path.name == name]
    assert expected[1] == expected[0].read_text(encoding="utf-8")
