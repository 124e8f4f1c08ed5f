"""Conditions as text."""

from __future__ import annotations

import pytest

from loadgen.core.errors import InputError
from loadgen.run.capacity.conditions import Condition, Figure, Side, parse_conditions


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("p99<250ms", Condition("p99<250ms", Figure.PERCENTILE, "p99", 250e6, q=99.0)),
        ("p(99.9) <= 1s", Condition("p(99.9)<=1s", Figure.PERCENTILE, "p99.9", 1e9, q=99.9)),
        ("med<20ms", Condition("med<20ms", Figure.PERCENTILE, "p50", 20e6, q=50.0)),
        ("avg<0.5ms", Condition("avg<0.5ms", Figure.MEAN, "avg", 5e5)),
        ("error_rate<1%", Condition("error_rate<1%", Figure.ERROR_RATE, "error_rate", 0.01)),
        ("error_rate<0.01", Condition("error_rate<0.01", Figure.ERROR_RATE, "error_rate", 0.01)),
        ("cpu_percent<80", Condition("cpu_percent<80", Figure.COLUMN, "cpu_percent", 80.0)),
        ("cpu_percent<80%", Condition("cpu_percent<80%", Figure.COLUMN, "cpu_percent", 80.0)),
        ("p99_latency<250ms", Condition("p99_latency<250ms", Figure.COLUMN, "p99_latency", 0.25)),
        ("server.error_rate<1%", Condition("server.error_rate<1%", Figure.COLUMN, "error_rate", 0.01)),
        ("cache_hit_rate>80%", Condition("cache_hit_rate>80%", Figure.COLUMN, "cache_hit_rate", 0.8, below=False)),
    ],
)
def test_a_condition_is_read(text: str, condition: Condition) -> None:
    assert parse_conditions([text]) == (condition,)


def test_conditions_come_in_several_texts_and_several_to_a_text() -> None:
    found = parse_conditions(["p99<250ms, error_rate<1%", "cpu_percent<80"])

    assert [condition.side for condition in found] == [Side.CLIENT, Side.CLIENT, Side.SERVER]


def test_every_problem_is_in_one_message() -> None:
    with pytest.raises(InputError) as caught:
        parse_conditions(["p99<250, p99>1s, p0<1s, error_rate<5s, error_rate<200%", "nonsense", "rss<5", "rss_mb<5ms"])

    message = str(caught.value)
    assert message.startswith("8 problems")
    for words in (
        "p99<250': a response time needs a unit",
        "p99>1s': a client figure can only be bounded from above",
        "p0<1s': a percentile lies between 0 and 100",
        "error_rate<5s': a share is written as",
        "error_rate<200%': a share lies between 0 and 1",
        "nonsense': not a condition",
        "rss<5': rss is no figure that a step has",
        "rss_mb<5ms': this column holds plain numbers",
    ):
        assert words in message


def test_a_figure_is_bounded_once() -> None:
    with pytest.raises(InputError, match="is bounded twice"):
        parse_conditions(["p99<250ms,p99<300ms"])


def test_no_condition_is_a_problem() -> None:
    with pytest.raises(InputError, match="not a condition"):
        parse_conditions([""])


@pytest.mark.parametrize(
    ("text", "least"), [("p50<1s", 20), ("p99<1s", 1_000), ("p99.9<1s", 10_000), ("error_rate<1%", 500), ("avg<1s", 1)]
)
def test_a_percentile_needs_ten_expected_values_beyond_it(text: str, least: int) -> None:
    assert parse_conditions([text])[0].least_requests == least
