"""The text format: fast for what is known, right for what is odd, and never silently wrong."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from observer.exposition import Page, Series, SeriesCache


def everything() -> SeriesCache:
    return SeriesCache(lambda name: True)


def read(text: str, cache: SeriesCache | None = None) -> dict[str, float]:
    """Return the samples of a text as `name{sorted labels}` -> value."""
    cache = cache or everything()
    return samples_of(cache, cache.parse(text))


def samples_of(cache: SeriesCache, page: Page) -> dict[str, float]:
    return {shown(cache.series[slot]): value for slot, value in enumerate(page.values) if value is not None}


def shown(series: Series) -> str:
    inside = ",".join(f"{name}={value!r}" for name, value in sorted(series.labels.items()))
    return f"{series.name}{{{inside}}}" if inside else series.name


def test_plain_lines_are_read() -> None:
    assert read('a_total{path="/x",status="200"} 12\nb 1.5e3\n') == {
        "a_total{path='/x',status='200'}": 12.0,
        "b": 1500.0,
    }


def test_the_second_reading_of_a_page_gives_the_same_as_the_first() -> None:
    text = 'a{x="1"} 1\na{x="2"} 2\nb 3\n# HELP b Text.\n# TYPE b gauge\n'
    cache = everything()
    assert read(text, cache) == read(text, cache)


def test_a_series_that_vanishes_is_absent_and_not_its_old_value() -> None:
    cache = everything()
    read("a 1\nb 2\n", cache)
    assert read("b 3\n", cache) == {"b": 3.0}


def test_labels_in_another_order_are_the_same_series() -> None:
    cache = everything()
    read('a{x="1",y="2"} 1\n', cache)
    assert read('a{y="2",x="1"} 5\n', cache) == {"a{x='1',y='2'}": 5.0}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('a{x="1"} 5 1690000000000', {"a{x='1'}": 5.0}),
        ("a 5 1690000000000", {"a": 5.0}),
        ("a\t5", {"a": 5.0}),
        ("  a   5  ", {"a": 5.0}),
        ('a { x = "1" } 5', {"a{x='1'}": 5.0}),
        ('a{x="1",} 5', {"a{x='1'}": 5.0}),
        ("a{} 5", {"a": 5.0}),
        ('a{x="q\\"}"} 5', {"a{x='q\"}'}": 5.0}),
        ('a{x="back\\\\slash\\nline"} 5', {"a{x='back\\\\slash\\nline'}": 5.0}),
        ('a{x="x # {y"} 5', {"a{x='x # {y'}": 5.0}),
        ('a{x="ünï"} 5', {"a{x='ünï'}": 5.0}),
        ('{"my.metric",x="1"} 5', {"my.metric{x='1'}": 5.0}),
        ("a 5\r", {"a": 5.0}),
        ("a +Inf", {"a": math.inf}),
        ("a -Inf", {"a": -math.inf}),
    ],
)
def test_an_unusual_line_is_read_too(line: str, expected: dict[str, float]) -> None:
    cache = everything()
    assert read(f"{line}\n", cache) == expected
    assert read(f"{line}\n", cache) == expected


def test_nan_is_a_value_and_not_an_absence() -> None:
    assert math.isnan(read("a NaN\n")["a"])


def test_an_exemplar_is_not_taken_for_a_timestamp_or_a_value() -> None:
    line = 'h_bucket{le="1"} 3 # {trace_id="a}b"} 0.67 1690000000.09\n'
    bare = 'h_bucket{le="1"} 4 # {trace_id="x"} 0.67\n'
    cache = everything()
    assert read(line, cache) == {"h_bucket{le='1'}": 3.0}
    assert read(bare, cache) == {"h_bucket{le='1'}": 4.0}
    assert read(bare.replace(" 4 ", " 9 "), cache) == {"h_bucket{le='1'}": 9.0}


def test_a_counter_without_total_keeps_its_name() -> None:
    assert read("# TYPE req counter\nreq 3\n") == {"req": 3.0}


@pytest.mark.parametrize(
    "line",
    [
        "a 1 2 3",
        "a 1_000",
        "a 0x1p3",
        "a one",
        "a",
        'a{x="1" 5',
        'a{x="1",x="2"} 5',
        "a{x=1} 5",
        "9a 5",
        "<p>a</p>",
        "a ",
    ],
)
def test_a_line_that_is_no_sample_is_counted_and_named_and_the_rest_is_read(line: str) -> None:
    cache = everything()
    for _ in range(2):
        page = cache.parse(f"good 1\n{line}\nbetter 2\n")
        assert samples_of(cache, page) == {"good": 1.0, "better": 2.0}
        assert (page.bad, page.bad_lines) == (1, [(2, line.strip())])


def test_a_known_series_with_a_bad_value_is_bad_and_absent() -> None:
    cache = everything()
    read("a 1\n", cache)
    page = cache.parse("a 1_0\n")
    assert (samples_of(cache, page), page.bad) == ({}, 1)


def test_only_the_first_five_bad_lines_are_named_and_long_ones_are_cut() -> None:
    page = everything().parse("x " + "y" * 500 + "\n" + "!\n" * 20)
    assert page.bad == 21
    assert len(page.bad_lines) == 5
    assert len(page.bad_lines[0][1]) == 120


def test_declared_families_are_told_with_and_without_samples() -> None:
    page = everything().parse(
        "# HELP full_total Some.\n# TYPE full_total counter\nfull_total 1\n# TYPE empty_total counter\n"
        "# HELP only_help Text.\n# a comment\n# EOF\n"
    )
    assert page.declared == {"full_total": "counter", "empty_total": "counter", "only_help": ""}
    assert (page.samples, page.bad) == (1, 0)


def test_what_nobody_wants_shares_one_slot_and_costs_none() -> None:
    cache = SeriesCache(lambda name: name == "wanted")
    page = cache.parse('other{x="1"} 1\nother{x="2"} 2\nwanted 3\n')
    assert len(cache.series) == 2
    assert page.values[1] == 3.0
    assert page.samples == 3


def test_more_wanted_series_than_allowed_are_bad_lines() -> None:
    page = SeriesCache(lambda name: True, max_wanted=2).parse('a{x="1"} 1\na{x="2"} 1\na{x="3"} 1\n')
    assert (page.samples, page.bad) == (2, 1)
    assert page.bad_lines == [(3, "a: more than 2 series")]


def test_series_that_come_and_go_do_not_fill_the_memory_for_ever() -> None:
    cache = SeriesCache(lambda name: False)
    for round_number in range(30):
        cache.parse("".join(f'a{{id="{round_number}-{i}"}} 1\n' for i in range(4_000)))
    assert "80000 texts" not in repr(cache)
    assert int(repr(cache).split()[1]) <= 54_000


label_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e")
)
names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
label_names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,6}", fullmatch=True)
values = st.one_of(st.integers(-(10**12), 10**12).map(float), st.floats(allow_nan=False))


def line_of(name: str, labels: dict[str, str], value: float, timestamp: int | None) -> str:
    escaped = {k: v.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for k, v in labels.items()}
    inside = ",".join(f'{k}="{v}"' for k, v in escaped.items())
    text = {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))
    return f"{name}{{{inside}}} {text}" + ("" if timestamp is None else f" {timestamp}") + "\n"


@given(
    st.lists(
        st.tuples(
            names, st.dictionaries(label_names, label_text, max_size=3), values, st.none() | st.integers(0, 2**41)
        ),
        max_size=6,
        unique_by=lambda item: (item[0], tuple(sorted(item[1].items()))),
    )
)
def test_legal_text_reads_as_prometheus_client_reads_it(
    samples: list[tuple[str, dict[str, str], float, int | None]],
) -> None:
    text = "".join(line_of(*sample) for sample in samples)
    cache = everything()
    expected = {
        shown(Series(sample.name, dict(sample.labels))): float(sample.value)
        for line in text.split("\n")
        for family in text_string_to_metric_families(line)
        for sample in family.samples
    }
    assert read(text, cache) == expected
    assert read(text, cache) == expected
    assert cache.parse(text).bad == 0


@given(st.text(max_size=200))
def test_no_text_at_all_makes_it_fail(text: str) -> None:
    page = everything().parse(text)
    assert page.samples >= 0


def test_ten_thousand_known_series_are_read_in_milliseconds() -> None:
    text = "".join(f'h_bucket{{route="/api/{i // 12}",le="{i % 12}"}} {i}\n' for i in range(10_000))
    cache = everything()
    page = cache.parse(text)
    best_s = math.inf
    for _ in range(10):
        began = time.perf_counter()
        page = cache.parse(text)
        best_s = min(best_s, time.perf_counter() - began)
    assert page.samples == 10_000
    assert best_s < 0.045, "three times the bar of 15 ms, because the machine may be busy"
