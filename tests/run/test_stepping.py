"""What a step of a capacity search says of its requests."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.run.phases import PhaseTotals
from loadgen.run.stepping import unserved_in


@pytest.mark.parametrize(
    ("totals", "said"),
    [
        (
            {"scheduled": 50, "dropped": {"connect_refused": 41, "dropped_late": 9}},
            "connect_refused 41, dropped_late 9",
        ),
        (
            {"scheduled": 8, "sent": 3, "failed": {"timeout": 3}, "dropped": {"dropped_late": 5}},
            "dropped_late 5, timeout 3",
        ),
        ({"scheduled": 2, "unsent": 2}, "none of them ended"),
        ({"scheduled": 50, "sent": 50, "done": 1, "failed": {"http_5xx": 49}}, ""),
        ({}, ""),
    ],
)
def test_how_requests_ended_is_said_where_none_was_answered_well(totals: dict[str, Any], said: str) -> None:
    assert unserved_in(PhaseTotals(totals, [], [], 0)) == said
