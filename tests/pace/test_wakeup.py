"""How densely the engine wakes, and how fast it may catch up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.units import NS_PER_S
from loadgen.pace.wakeup import CatchUp, shortest_gap_ns


@pytest.mark.parametrize(
    ("rate_per_s", "gap_ns"), [(80, 0), (4_000, 0), (4_001, 200_000), (12_000, 200_000), (20_000, 500_000)]
)
def test_wake_ups_merge_where_arrivals_are_dense(rate_per_s: float, gap_ns: int) -> None:
    assert shortest_gap_ns(rate_per_s, precise=False) == gap_ns
    assert shortest_gap_ns(rate_per_s, precise=True) == 0


@given(st.integers(1, 20), st.lists(st.integers(0, 400_000_000), max_size=100))
def test_no_second_ever_holds_more_sends_than_allowed(most: int, waits_ns: list[int]) -> None:
    gate, now_ns, sent = CatchUp(most), NS_PER_S, []

    for wait_ns in waits_ns:
        now_ns = max(now_ns + wait_ns, gate.open_at_ns())
        gate.note(now_ns)
        sent.append(now_ns)

    for at_ns in sent:
        assert sum(1 for other_ns in sent if at_ns <= other_ns < at_ns + NS_PER_S) <= most


def test_catching_up_with_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one request a second, not 0"):
        CatchUp(0)
