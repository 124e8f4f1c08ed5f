from __future__ import annotations

import pytest

from loadgen.view import figures


@pytest.mark.parametrize(
    ("value_ns", "shown"),
    [
        (None, "–"),
        (0, "0.00 µs"),
        (999_499, "999 µs"),
        (1_000_000, "1.00 ms"),
        (9_994_999, "9.99 ms"),
        (9_995_000, "10.0 ms"),
        (150_000_000, "150 ms"),
        (5_000_000_000, "5.00 s"),
    ],
)
def test_latencies_have_three_digits_and_a_unit(value_ns: int | None, shown: str) -> None:
    assert figures.latency(value_ns) == shown


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({}, ""),
        ({"timeout": 0}, ""),
        ({"b": 2, "a": 2, "c": 1_234}, "c 1,234, a 2, b 2"),
        ({"a": 5, "b": 4, "c": 3, "d": 2, "e": 1}, "a 5, b 4, c 3, others 3"),
    ],
)
def test_the_largest_reasons_are_named_and_the_rest_counted(counts: dict[str, int], shown: str) -> None:
    assert figures.breakdown(counts) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"), [(0.0, "0.00 %"), (0.0999, "9.99 %"), (0.0999999, "10.0 %"), (1.0, "100.0 %"), (None, "–")]
)
def test_ratios_are_percent(ratio: float | None, shown: str) -> None:
    assert figures.percent(ratio) == shown


def test_what_has_no_whole_has_no_share() -> None:
    assert figures.share(3, 0) == "–"
    assert figures.limit(None) == "–"
