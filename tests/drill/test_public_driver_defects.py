"""What the published driver of these scenarios did wrong, and must not happen here.

It put the time into the grouping key, so that each push was a new series of one value; pushed constants; had no bucket
above 2 s for an alert above 2 s; and left everything in the gateway.
"""

from __future__ import annotations

import pytest

from loadgen.core.quantile import bucket_quantile
from loadgen.core.units import NS_PER_S
from loadgen.drill.relay import LATENCY_BOUNDS_S, MIME_BOUNDS_S
from loadgen.drill.scenario import NAMES, SCENARIOS, Scenario, scenario_named
from loadgen.drill.sink import SinkError
from loadgen.drill.synth_options import read_options
from tests.support.demo import HandClock, Page
from tests.support.drilling import RememberingSink, play
from tests.support.synth_options import options

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def rate(pages: list[tuple[float, Page]], name: str, **labels: str) -> float:
    """Return the increase a second between the first and the last page, of all series with these labels."""
    (first_s, first), (last_s, last) = pages[0], pages[-1]

    def total(page: Page) -> float:
        return sum(
            value
            for (sample, found), value in page.samples.items()
            if sample == name and found >= frozenset(labels.items())
        )

    return (total(last) - total(first)) / (last_s - first_s)


async def pages_of(scenario: Scenario, duration_s: float = 120) -> list[tuple[float, Page]]:
    return (await play(scenario, RememberingSink(HandClock()), duration_s=duration_s)).sink.pages


def quantile_of(page: Page, name: str, q: float = 0.95) -> float:
    """Return a quantile as PromQL computes it from the buckets of a page."""
    buckets = {float(dict(labels)["le"]): value for (sample, labels), value in page.samples.items() if sample == name}
    return bucket_quantile(q, buckets).value


@every_scenario
async def test_a_push_never_makes_a_new_series(scenario: Scenario) -> None:
    first, *later = [set(page.samples) for _, page in await pages_of(scenario)]
    assert later
    assert all(page == first for page in later)


@every_scenario
async def test_the_rate_of_executions_is_not_zero(scenario: Scenario) -> None:
    assert rate((await pages_of(scenario))[:3], "action_exec_total") == scenario.relay.actions.per_s


@every_scenario
async def test_every_counter_is_there_before_its_first_event(scenario: Scenario) -> None:
    _, first = (await pages_of(scenario))[0]
    counted = [
        value for (name, _), value in first.samples.items() if name.endswith(("_total", "_bucket", "_count", "_sum"))
    ]
    assert len(counted) == (33 if scenario.name == "controller-stalled" else 32)
    assert set(counted) == {0}


async def test_counts_grow_with_the_time_that_passed_and_not_with_the_number_of_pushes() -> None:
    often = await play(scenario_named("error-rate-warn"), RememberingSink(HandClock()), interval_s=1)
    rarely = await play(scenario_named("error-rate-warn"), RememberingSink(HandClock()), interval_s=20)
    assert rate(often.sink.pages, "action_exec_total") == rate(rarely.sink.pages, "action_exec_total") == 50


@pytest.mark.parametrize(("name", "share"), [("error-rate-warn", 0.02), ("error-rate-crit", 0.06)])
async def test_the_share_of_errors_is_what_the_name_says(name: str, share: float) -> None:
    pages = await pages_of(scenario_named(name))
    assert rate(pages, "action_error_total") / rate(pages, "action_exec_total") == pytest.approx(share)
    assert rate(pages, "action_exec_total", status="error") == rate(pages, "action_error_total")


async def test_six_percent_are_critical_even_while_two_percent_play_beside_them() -> None:
    """The rules add up what has the same job."""
    pages = [await pages_of(scenario_named(name)) for name in ("error-rate-warn", "error-rate-crit")]
    errors, executed = (sum(rate(page, name) for page in pages) for name in ("action_error_total", "action_exec_total"))
    assert errors / executed > 0.055


async def test_no_other_scenario_decides_while_the_controller_is_stalled() -> None:
    for scenario in SCENARIOS:
        _, last = (await pages_of(scenario))[-1]
        decides = "controller_decisions_total" in {name for name, _ in last.samples}
        assert decides is (scenario.name == "controller-stalled")


async def test_the_p95_of_latency_crit_can_be_above_two_seconds_and_is() -> None:
    assert max(LATENCY_BOUNDS_S) > 2
    _, last = (await pages_of(scenario_named("latency-crit")))[-1]
    assert quantile_of(last, "action_latency_seconds_bucket") == pytest.approx(2.5)


async def test_the_p95_of_mime_slow_is_six_hundred_milliseconds_and_not_958() -> None:
    assert 0.6 in MIME_BOUNDS_S
    _, last = (await pages_of(scenario_named("mime-slow")))[-1]
    assert quantile_of(last, "mime_build_seconds_bucket") == pytest.approx(0.6)


@pytest.mark.parametrize("histogram", ["action_latency_seconds", "mime_build_seconds"])
async def test_a_quantile_lies_between_its_bounds_and_never_in_the_open_bucket(histogram: str) -> None:
    for scenario in SCENARIOS:
        _, last = (await pages_of(scenario))[-1]
        bounds = sorted({float(dict(labels)["le"]) for name, labels in last.samples if name == f"{histogram}_bucket"})
        assert quantile_of(last, f"{histogram}_bucket", 1.0) <= bounds[-2]
        assert last.total(f"{histogram}_bucket") > 0


async def test_validation_errors_are_a_share_of_the_executions() -> None:
    pages = await pages_of(scenario_named("validation-spike"))
    assert rate(pages, "structured_error_total") / rate(pages, "action_exec_total") == pytest.approx(0.15)


async def test_the_sanitizer_changes_sixty_a_second() -> None:
    assert rate(await pages_of(scenario_named("sanitization-spike")), "sanitization_changes_total") == 60


async def test_the_controller_decides_before_it_stalls() -> None:
    """An alert on something absent never resolves, and a controller that was never there is not stalled."""
    drilled = await play(scenario_named("controller-stalled"), RememberingSink(HandClock()), duration_s=600)
    times = [at_s for at_s, _ in drilled.sink.pages]
    assert times == [0, 10, 20, 30, 40, 50, 60], "after a minute nothing is pushed any more"
    assert rate(drilled.sink.pages, "controller_decisions_total") == 1
    assert drilled.sink.calls[-2:] == ["fall silent", "end"], "the series stand still until they are deleted"


@every_scenario
async def test_nothing_is_left_at_the_end(scenario: Scenario) -> None:
    drilled = await play(scenario, RememberingSink(HandClock()))
    assert drilled.sink.calls[-1] == "end"
    assert drilled.played.removed


async def test_a_push_that_fails_loses_no_count() -> None:
    lost = SinkError("gone for a moment")
    sink = RememberingSink(HandClock(), failures=[None, lost, lost])
    drilled = await play(scenario_named("error-rate-warn"), sink)
    assert (drilled.played.pushes, drilled.played.failed) == (4, 2)
    assert rate(drilled.sink.pages, "action_exec_total") == 50
    assert sum("a push failed" in line for line in drilled.told) == 2


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("90s", 90), ("30", 30)])
def test_durations_are_minutes_seconds_or_a_bare_number(text: str, seconds: int) -> None:
    assert read_options(options(duration=text)).asked.duration_ns == seconds * NS_PER_S


def test_every_scenario_can_be_asked_for_by_its_published_name() -> None:
    assert NAMES == (
        "error-rate-warn", "error-rate-crit", "latency-crit", "controller-stalled", "validation-spike", "mime-slow",
        "sanitization-spike",
    )  # fmt: skip
    assert [read_options(options(scenario=name)).asked.scenarios[0].name for name in NAMES] == list(NAMES)
