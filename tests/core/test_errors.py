"""Exit codes have an order and input errors name every problem."""

from __future__ import annotations

from itertools import permutations

import pytest

from loadgen.core.errors import ExitCode, InputError, Problem, worst_exit


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], ExitCode.OK),
        ([ExitCode.OK, ExitCode.INCOMPLETE], ExitCode.INCOMPLETE),
        ([ExitCode.INCOMPLETE, ExitCode.NO_GO], ExitCode.NO_GO),
        ([ExitCode.NO_GO, ExitCode.INVALID], ExitCode.INVALID),
        ([ExitCode.INVALID, ExitCode.SIGINT], ExitCode.SIGINT),
        ([ExitCode.SIGTERM, ExitCode.BREAKER], ExitCode.BREAKER),
    ],
)
def test_the_graver_exit_code_wins(codes: list[ExitCode], expected: ExitCode) -> None:
    for order in permutations(codes):
        assert worst_exit(order) is expected


def test_every_exit_code_has_a_meaning() -> None:
    assert all(code.meaning for code in ExitCode)


def test_an_input_error_lists_all_problems_with_key_value_and_remedy() -> None:
    error = InputError([Problem("LOAD_RATE", "0", "must be greater than 0"), Problem("PROD_JWT", None, "is missing")])
    assert str(error) == (
        "2 problems; nothing was done:\n"
        "  - LOAD_RATE = '0': must be greater than 0\n"
        "  - PROD_JWT: is missing"
    )  # fmt: skip
    assert error.exit_code is ExitCode.USAGE


def test_an_input_error_without_a_problem_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        InputError([])
