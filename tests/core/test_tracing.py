from __future__ import annotations

import re

import pytest

from loadgen.core.tracing import new_trace_id, trace_fingerprint


@pytest.mark.parametrize(
    ("trace_id", "shown"),
    [("4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f35"), ("12345678", "12345678"), ("abc", "abc"), ("", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_a_trace_is_shown_by_its_first_eight_characters(trace_id: str | None, shown: str) -> None:
    assert trace_fingerprint(trace_id) == shown


def test_trace_ids_are_32_hexadecimal_digits_and_never_the_same() -> None:
    made = {new_trace_id() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace_id) for trace_id in made)
