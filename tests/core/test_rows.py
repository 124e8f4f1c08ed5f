"""Rows: the compiled ones and their twin keep the same integers."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from loadgen.core.rows import new_rows


@pytest.mark.usefixtures("kernel")
def test_rows_come_back_as_they_went_in_and_are_gone_then() -> None:
    rows = new_rows()
    rows.append((1, -2, 3, 1 << 62, 5))
    rows.append([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])

    assert len(rows) == 3
    assert rows.take().tolist() == [[1, -2, 3, 1 << 62, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]]
    assert len(rows) == 0
    assert rows.take().shape == (0, 5)


@pytest.mark.usefixtures("kernel")
def test_many_rows_are_kept_in_order_beyond_any_first_size() -> None:
    rows = new_rows()
    for number in range(10_000):
        rows.append((number, 0, 0, 0, -number))
    taken = rows.take()

    assert taken[:, 0].tolist() == list(range(10_000))
    assert taken.dtype == np.int64


def test_what_was_taken_does_not_change_when_more_is_appended(kernel: str) -> None:
    rows = new_rows()
    rows.append((1, 2, 3, 4, 5))
    taken = rows.take()
    rows.append((9, 9, 9, 9, 9))
    del rows
    gc.collect()

    assert taken.tolist() == [[1, 2, 3, 4, 5]]
