"""The guard against labels with too many values."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from click.testing import CliRunner

from loadgen.core.messages import ObservePlan
from observer.cardinality import CardinalityGuard, Crowd, crowds, family_of, read_all
from observer.cli import observer
from observer.once import observe_once
from tests.support.metrics_server import FakePrometheus, serving, text


def page(values: int, name: str = "cache_hits_total", label: str = "key_pattern") -> str:
    return "".join(f'{name}{{impl="memory",{label}="k{at}"}} 1\n' for at in range(values))


def crowded(body: str, limit: int = 50) -> tuple[Crowd, ...]:
    return crowds((item.series for item in read_all([("here", body)])), limit)


def test_more_values_than_the_limit_are_a_crowd_and_as_many_are_none() -> None:
    assert crowded(page(50)) == ()
    assert crowded(page(51)) == (Crowd("cache_hits_total", "key_pattern", 51),)


def test_bounds_quantiles_and_the_labels_of_prometheus_are_not_counted() -> None:
    for label in ("le", "quantile", "job", "instance"):
        assert crowded(page(99, "x_seconds_bucket", label)) == ()


def test_the_parts_of_a_histogram_are_one_family() -> None:
    assert [family_of(name) for name in ("a_bucket", "a_sum", "a_count", "a_total")] == ["a", "a", "a", "a_total"]


def test_values_of_several_endpoints_are_counted_together() -> None:
    other = page(40).replace('"k', '"q')
    series = [item.series for item in read_all([("one", page(40)), ("two", other)])]
    assert crowds(series)[0].values == 80


def test_a_crowd_is_told_once_and_again_when_it_has_doubled() -> None:
    guard = CardinalityGuard(10)
    told = [len(guard.notes([("here", page(count))])) for count in (10, 11, 12, 21, 22, 23, 44)]
    assert told == [0, 1, 0, 0, 1, 0, 1]


def test_a_note_counts_values_and_shows_none() -> None:
    (note,) = CardinalityGuard(2).notes([("here", page(3, label="user").replace("k1", "secret-name"))])
    assert note == (
        "cache_hits_total: the label user has 3 values, more than 2: keep labels low-cardinality, cap them to “other”"
    )


def test_lines_that_are_no_samples_are_passed_over() -> None:
    assert crowded("not a metric at all {\n" + page(3), 2)[0].values == 3


def plan(url: str, limit: int = 50) -> ObservePlan:
    return ObservePlan([url], 10**9, 1, "", "", label_limit=limit)


async def test_once_names_crowded_labels_and_lists_series() -> None:
    async with serving(text(page(3) + 'cache_miss_total{impl="memory",key_pattern="k0"} 7\n')) as server:
        found = await observe_once(plan(server.url, 2), 1, series=("cache_miss_total",))
    assert found["crowded_labels"] == [{"family": "cache_hits_total", "label": "key_pattern", "values": 3}]
    (series,) = found["series"]
    assert (series["name"], series["labels"], series["value"]) == (
        "cache_miss_total", {"impl": "memory", "key_pattern": "k0"}, 7.0,
    )  # fmt: skip


async def test_series_are_asked_of_a_prometheus_server() -> None:
    labels = (("impl", "redis"), ("key_pattern", "user"))
    samples = {("api", "a:1"): {("http_requests_total", (("status", "200"),)): 9.0, ("cache_hits_total", labels): 5.0}}
    up = {("api", "a:1"): 1}
    async with serving(FakePrometheus(samples, up=up).answer) as server:
        found = await observe_once(plan(server.url), 1, series=("cache_hits_total",))
    (series,) = found["series"]
    assert (series["endpoint"], series["labels"], series["value"]) == ("a:1", dict(labels), 5.0)


MATRIX = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [
            {"metric": {"__name__": "up", "job": "b"}, "values": [[60, "1"], [120, "NaN"]]},
            {"metric": {"__name__": "up", "job": "a"}, "values": [[60, "0.5"]]},
        ],
    },
}


async def exported(answer: object, *more: str) -> tuple[int, str, list[dict[str, str]]]:
    """Run `observer query` against a server that gives `answer`; return its code, output and the forms it sent."""
    forms: list[dict[str, str]] = []

    async def reply(request: web.Request) -> web.StreamResponse:
        forms.append({key: str(value) for key, value in (await request.post()).items()})
        return web.Response(text=answer if isinstance(answer, str) else json.dumps(answer))

    async with serving(reply) as server:
        arguments = ["query", "up", "--metrics-url", server.url, *more]
        result = await asyncio.to_thread(CliRunner().invoke, observer, arguments, standalone_mode=False)
    code = result.return_value if result.exception is None else 2
    return code, result.stdout if result.exception is None else str(result.exception), forms


async def test_a_query_is_exported_as_csv_in_time_order() -> None:
    code, output, (form,) = await exported(MATRIX, "--last", "2h", "--step", "30s")
    assert code == 0
    assert output.splitlines() == [
        "timestamp,series,value",
        '1970-01-01T00:01:00.000Z,"up{job=""a""}",0.5',
        '1970-01-01T00:01:00.000Z,"up{job=""b""}",1',
        '1970-01-01T00:02:00.000Z,"up{job=""b""}",NaN',
    ]
    assert float(form["end"]) - float(form["start"]) == pytest.approx(7200, abs=0.01)
    assert (form["query"], form["step"]) == ("up", "30")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("<html>", "did not answer JSON"),
        ({"status": "error", "error": "bad query"}, "refused a query: bad query"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "where a matrix was expected"),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, "has no value of up in this span"),
    ],
    ids=["HTML", "refused", "a vector", "nothing"],
)
async def test_an_answer_that_is_no_course_is_one_message(answer: object, told: str) -> None:
    code, output, _ = await exported(answer)
    assert code == 2
    assert told in output


@pytest.mark.parametrize("option", [("--last", "soon"), ("--step", "0s")])
async def test_a_span_that_is_none_is_refused(option: tuple[str, str]) -> None:
    code, output, forms = await exported(MATRIX, *option)
    assert (code, forms) == (2, [])
    assert option[0] in output
