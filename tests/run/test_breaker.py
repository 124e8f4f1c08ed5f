"""The breaker: what trips it and when, worked by hand; what never may, for any counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.messages import Probe
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.plan.model import BreakerLimits
from loadgen.run.breaker import Breaker, Input, Trip

if TYPE_CHECKING:
    from collections.abc import Sequence

HALF_S = 500 * NS_PER_MS
Failures = Callable[[int], int]


@dataclass(frozen=True)
class Load:
    """A rate, and how many of the first n requests have failed; `in_a_row` of the last ones without a success."""

    rate_per_s: float
    failed_of: Failures
    in_a_row: Failures = lambda _: 0


def _drive(load: Load, seconds: float, *, every_ns: int = HALF_S, breaker: Breaker | None = None) -> Trip | None:
    """Feed a breaker: request i is due at i / rate and ends at once."""
    judge = breaker or Breaker(BreakerLimits(), rate_per_s=load.rate_per_s)
    for step in range(int(seconds * NS_PER_S) // every_ns + 1):
        at_ns = step * every_ns
        scheduled = int(at_ns / NS_PER_S * load.rate_per_s) + 1 if step else 0
        if judge.client(at_ns, scheduled, load.failed_of(scheduled), load.in_a_row(scheduled)) is not None:
            break
    return judge.trip


def _percent(share: int, after: int = 0) -> Failures:
    return lambda scheduled: max(0, scheduled - after) * share // 100


@pytest.mark.parametrize(
    ("load", "at_s", "rule", "value"),
    [
        # half of all fail, never twenty in a row: judged when 200 requests are there, 201 of them at 2.5 s
        (Load(80, _percent(50)), 2.5, "wilson", 100 / 201),
        # 12 of 201: eleven of 200 are surely more than 2 %
        (Load(80, _percent(6)), 2.5, "wilson", 12 / 201),
        # a quiet minute, then 6 %: 29 failures of 800 are needed, there are 28 after 6 s and 31 after 6.5 s
        (Load(80, _percent(6, after=4_800)), 66.5, "wilson", 31 / 800),
        # 3 %: 24 of 800 are not enough to be sure, but three times ten seconds are above
        (Load(80, _percent(3)), 30.0, "three windows", 72 / 2_401),
        # 10/s: the window holds 201 requests at 20 s
        (Load(10, _percent(6)), 20.0, "wilson", 12 / 201),
        # 10/s and 3 %: three windows of 400 requests, 40 s each
        (Load(10, _percent(3)), 120.0, "three windows", 36 / 1_201),
        # 0.5/s, every second one fails: 200 requests are due at 398 s
        (Load(0.5, _percent(50)), 398.0, "wilson", 0.5),
        # everything fails: 41 are due at 0.5 s; at 0.5/s the twentieth is due at 38 s
        (Load(80, _percent(100), lambda n: n), 0.5, "consecutive failures", 41.0),
        (Load(0.5, _percent(100), lambda n: n), 38.0, "consecutive failures", 20.0),
    ],
)
def test_the_client_input_trips_at(load: Load, at_s: float, rule: str, value: float) -> None:
    trip = _drive(load, at_s + 100)

    assert trip is not None
    assert (trip.at_ns / NS_PER_S, trip.rule) == (at_s, rule)
    assert trip.value == pytest.approx(value)
    assert trip.input is Input.CLIENT


@pytest.mark.parametrize(
    "load",
    [
        Load(80, _percent(0)),
        Load(80, _percent(2)),
        Load(80, lambda n: (n + 49) // 50),
        Load(84, lambda n: (n + 49) // 50),
        Load(0.5, lambda n: (n + 49) // 50),
        Load(80, _percent(1)),
        Load(0.5, _percent(0), lambda n: min(n, 19)),
        Load(80, lambda n: min(n, 10)),
    ],
)
def test_two_percent_or_less_never_trips(load: Load) -> None:
    assert _drive(load, 3_600) is None


def test_a_short_burst_below_the_bound_is_forgiven() -> None:
    # 28 failures within a second of 80/s: 3.5 % of the window, but not surely above 2 %
    assert _drive(Load(80, lambda n: min(28, max(0, n - 1_000))), 600) is None
    trip = _drive(Load(80, lambda n: min(29, max(0, n - 1_000))), 600)
    assert trip is not None
    assert trip.detail.startswith("29 of 800 in 10 s; at least 2.")


@pytest.mark.parametrize(("rate_per_s", "all_overdue_s", "limit_s"), [(80.0, 5.0, 15.0), (20.0, 5.0, 15.0)])
def test_a_hang_of_everything_trips_by_overdue_requests_alone(
    rate_per_s: float, all_overdue_s: float, limit_s: float
) -> None:
    hang = int(60 * rate_per_s)
    late = int(all_overdue_s * rate_per_s)
    trip = _drive(Load(rate_per_s, lambda n: max(0, n - hang - late)), 120)
    assert trip is not None
    assert 60 < trip.at_ns / NS_PER_S <= 60 + limit_s


def test_ratios_are_judged_every_half_second_however_often_counts_come() -> None:
    often = _drive(Load(80, _percent(6, after=4_800)), 100, every_ns=250 * NS_PER_MS)
    assert often is not None
    assert often.at_ns == 66_500 * NS_PER_MS


def test_counts_that_come_late_are_judged_all_the_same() -> None:
    trip = _drive(Load(80, _percent(6)), 100, every_ns=7 * NS_PER_S)
    assert trip is not None
    assert trip.at_ns == 7 * NS_PER_S


def _probe(second: int, **totals: float | None) -> Probe:
    return Probe(second * NS_PER_S, NS_PER_MS, ok=True, **totals)  # type: ignore[arg-type]


def _failed(second: int) -> Probe:
    return Probe(second * NS_PER_S, NS_PER_MS, ok=False, error="timed out")


def _drive_probes(breaker: Breaker, seconds: int, **per_s: float) -> Trip | None:
    """Feed a probe every five seconds; each total grows by so much a second, 80 requests a second."""
    for second in range(0, seconds + 1, 5):
        totals = {name: second * rate for name, rate in per_s.items()}
        if breaker.probe(_probe(second, requests=second * 80, **totals)) is not None:
            break
    return breaker.trip


CALM = {"errors_4xx": 0.0, "errors_5xx": 0.0, "degraded": 0.0}


@pytest.mark.parametrize(
    ("per_s", "name", "at_s", "rule", "value"),
    [
        # 24 of 400 in the first five seconds
        ({**CALM, "errors_5xx": 4.8}, Input.ERROR_RATE, 5, "wilson", 0.06),
        ({**CALM, "errors_4xx": 2.4, "errors_5xx": 2.4}, Input.ERROR_RATE, 5, "wilson", 0.06),
        # 2.5 % of 2,400 has a bound of 1.7 %: three windows of 30 s
        ({**CALM, "errors_5xx": 2.0}, Input.ERROR_RATE, 90, "three windows", 0.025),
        # 10 %: the bound is 7.91 % of 1,600 requests, 8.11 % of 2,000
        ({**CALM, "degraded": 8.0}, Input.EFFECTIVE_FALLBACK, 25, "wilson", 0.1),
        # 9 %: the bound is 7.35 % of 2,400
        ({**CALM, "degraded": 7.2}, Input.EFFECTIVE_FALLBACK, 90, "three windows", 0.09),
    ],
)
def test_the_server_inputs_trip_at(per_s: dict[str, float], name: Input, at_s: int, rule: str, value: float) -> None:
    trip = _drive_probes(Breaker(BreakerLimits(), rate_per_s=80), 600, **per_s)

    assert trip is not None
    assert (trip.input, trip.at_ns // NS_PER_S, trip.rule) == (name, at_s, rule)
    assert trip.value == pytest.approx(value)
    assert trip.threshold == (0.02 if name is Input.ERROR_RATE else 0.08)


@pytest.mark.parametrize("per_s", [CALM, {**CALM, "errors_5xx": 1.6}, {**CALM, "degraded": 6.4}])
def test_exactly_the_threshold_never_trips(per_s: dict[str, float]) -> None:
    assert _drive_probes(Breaker(BreakerLimits(), rate_per_s=80), 7_200, **per_s) is None


def test_server_errors_may_be_5xx_only() -> None:
    limits = BreakerLimits(server_errors="5xx")
    assert _drive_probes(Breaker(limits, rate_per_s=80), 600, **{**CALM, "errors_4xx": 40.0}) is None
    assert _drive_probes(Breaker(limits, rate_per_s=80), 600, **{**CALM, "errors_5xx": 40.0}) is not None


def test_cache_misses_are_judged_only_when_asked_for() -> None:
    misses = {**CALM, "raw": 40.0, "effective": 40.0}
    assert _drive_probes(Breaker(BreakerLimits(), rate_per_s=80), 600, **misses) is None

    trip = _drive_probes(Breaker(BreakerLimits(count_misses=True), rate_per_s=80), 600, **misses)
    assert trip is not None
    assert trip.metric == "effective_fallback_rate"


def test_the_services_own_count_is_used_where_reasons_are_not_exposed() -> None:
    own = {"errors_4xx": 0.0, "errors_5xx": 0.0, "effective": 40.0}
    for limits in (BreakerLimits(), BreakerLimits(count_misses=True)):
        assert _drive_probes(Breaker(limits, rate_per_s=80), 600, **own) is not None


def test_a_source_of_fallback_counts_is_never_mixed_with_another() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    for second in range(0, 600, 5):
        degraded = 0.0 if second % 10 == 0 else None
        breaker.probe(_probe(second, requests=second * 80, degraded=degraded, effective=second * 80.0))
    assert breaker.trip is None


def test_six_failed_probes_in_a_row_are_blindness() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    for second in (5, 10, 15, 20, 25):
        assert breaker.probe(_failed(second)) is None

    trip = breaker.probe(_failed(30))

    assert trip is not None
    assert (trip.input, trip.metric, trip.rule) == (Input.BLIND, "failed_probes", "failed probes")
    assert (trip.value, trip.threshold, trip.window_s) == (6.0, 6.0, 25.0)
    assert trip.detail == "6 probes in a row failed within 25 s: nobody watches the service"


def test_one_good_probe_ends_the_count_of_failed_ones() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    for second in range(0, 600, 5):
        breaker.probe(_probe(second) if second % 30 == 0 else _failed(second))
    assert breaker.trip is None


def test_what_is_not_known_never_trips() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    for second in range(0, 3_600, 5):
        breaker.probe(_probe(second, requests=second * 80, errors_4xx=second * 80.0))
        breaker.probe(_probe(second, errors_4xx=second * 80.0, errors_5xx=second * 80.0, degraded=second * 80.0))
    assert breaker.trip is None
    values = {state.input: state.value for state in breaker.states(3_595 * NS_PER_S)}
    assert values == {Input.CLIENT: None, Input.ERROR_RATE: None, Input.EFFECTIVE_FALLBACK: None, Input.BLIND: 0.0}


def test_a_gap_in_the_probes_is_bridged_by_the_totals() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    breaker.probe(_probe(0, requests=0, **CALM))
    for second in (5, 10, 15):
        breaker.probe(_failed(second))
    trip = breaker.probe(_probe(20, requests=1_600, **{**CALM, "errors_5xx": 96.0}))
    assert trip is not None
    assert (trip.value, trip.window_s) == (0.06, 20.0)


def test_few_requests_widen_the_servers_window() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=1)
    trips = [breaker.probe(_probe(s, requests=s, **{**CALM, "errors_5xx": s / 2})) for s in range(0, 400, 5)]
    first = next(trip for trip in trips if trip is not None)
    # 200 requests at 1/s
    assert (first.at_ns, first.window_s) == (200 * NS_PER_S, 200.0)


def test_a_prometheus_gets_windows_of_four_scrape_intervals() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80, least_server_window_ns=60 * NS_PER_S)
    _drive_probes(breaker, 300, **CALM)
    assert {state.input: state.window_s for state in breaker.states(300 * NS_PER_S)} == {
        Input.CLIENT: 10.0,
        Input.ERROR_RATE: 60.0,
        Input.EFFECTIVE_FALLBACK: 60.0,
        Input.BLIND: 0.0,
    }


def test_an_unarmed_input_shows_its_value_and_never_trips() -> None:
    reason = "no such metric"
    breaker = Breaker(BreakerLimits(), rate_per_s=80, unarmed={Input.ERROR_RATE: reason, Input.BLIND: reason})
    assert _drive_probes(breaker, 100, **{**CALM, "errors_5xx": 40.0}) is None
    _, errors, _, _ = breaker.states(100 * NS_PER_S)
    assert (errors.armed, errors.reason, errors.value, errors.tripped) == (False, reason, 0.5, False)
    for second in range(100, 200, 5):
        breaker.probe(_failed(second))
    assert breaker.trip is None


def test_in_a_warm_up_the_client_input_trips_and_the_servers_do_not() -> None:
    warm_up = dict.fromkeys((Input.ERROR_RATE, Input.EFFECTIVE_FALLBACK, Input.BLIND), "warm-up")
    breaker = Breaker(BreakerLimits(), rate_per_s=20, unarmed=warm_up)
    assert _drive_probes(breaker, 100, **{**CALM, "errors_5xx": 80.0, "degraded": 80.0}) is None
    trip = breaker.client(0, 20, 20, 20)
    assert trip is not None
    assert repr(breaker) == "<Breaker tripped by client at 0 ns, armed: client>"


def test_a_blind_breaker_may_be_allowed_and_the_whole_breaker_be_off() -> None:
    blind = Breaker(BreakerLimits(allow_blind=True), rate_per_s=80)
    off = Breaker(BreakerLimits(enabled=False), rate_per_s=80)
    for second in range(0, 100, 5):
        blind.probe(_failed(second))
        off.probe(_failed(second))
        off.client(second * NS_PER_S, second * 80, second * 80, second * 80)
    assert (blind.trip, off.trip) == (None, None)
    assert blind.states(0)[3].reason == "allowed to be blind"
    assert {state.reason for state in off.states(0)} == {"the breaker is off"}


def test_a_trip_is_for_good_and_shown_as_it_was() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    trip = _drive(Load(80, _percent(6)), 100, breaker=breaker)
    assert trip is not None

    for second in range(100, 200):
        assert breaker.client(second * NS_PER_S, second * 80, 12, 0) is trip
        assert breaker.probe(_probe(second, requests=second * 80, **CALM)) is trip

    client, *others = breaker.states(199 * NS_PER_S)
    assert (client.tripped, client.value, client.window_s) == (True, trip.value, 2.5)
    assert not any(state.tripped for state in others)


def test_states_say_what_they_wait_for_and_forget_what_is_old() -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=10)
    assert breaker.states(0)[0].reason == "0 of 200 requests so far"
    assert breaker.states(0)[0].window_s == 20.0, "200 requests at 10/s"

    breaker.client(0, 0, 0, 0)
    breaker.client(NS_PER_S, 10, 1, 0)
    client = breaker.states(NS_PER_S)[0]
    assert (client.value, client.window_s, client.reason) == (0.1, 1.0, "10 of 200 requests so far")

    assert breaker.states(12 * NS_PER_S)[0].value is None


STEPS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), st.integers(1, 3_000)), max_size=120)


def _first_trip(steps: Sequence[tuple[int, int, int]], *, shares: tuple[int, int] = (1, 1)) -> int:
    """Return the index of the step at which the client input trips, one beyond the last if it does not."""
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    breaker.client(0, 0, 0, 0)
    scheduled = list(accumulate(requests for requests, _, _ in steps))
    failures = list(accumulate(failed * shares[0] // shares[1] for _, failed, _ in steps))
    at_ns = list(accumulate(ms * NS_PER_MS for _, _, ms in steps))
    for index, counts in enumerate(zip(at_ns, scheduled, failures, strict=True)):
        if breaker.client(*counts, 0) is not None:
            return index
    return len(steps)


@given(STEPS)
def test_without_failures_nothing_ever_trips(steps: list[tuple[int, int, int]]) -> None:
    assert _first_trip(steps, shares=(0, 1)) == len(steps)


@given(STEPS)
def test_more_failures_never_trip_later(steps: list[tuple[int, int, int]]) -> None:
    assert _first_trip(steps, shares=(2, 1)) <= _first_trip(steps) <= _first_trip(steps, shares=(1, 2))


@given(STEPS.filter(lambda steps: sum(requests for requests, _, _ in steps) < 200))
def test_fewer_than_200_requests_never_trip_by_a_ratio(steps: list[tuple[int, int, int]]) -> None:
    assert _first_trip(steps) == len(steps)


@given(st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=50))
def test_probes_without_the_figures_never_trip(totals: list[int | None]) -> None:
    breaker = Breaker(BreakerLimits(), rate_per_s=80)
    for second, total in enumerate(totals):
        breaker.probe(_probe(second, requests=total, errors_4xx=None, errors_5xx=total, raw=total, degraded=None))
    assert breaker.trip is None


@pytest.mark.parametrize(
    ("metric", "value", "threshold", "sentence"),
    [
        ("client_error_rate", 0.0388, 0.02, "client_error_rate 3.88 % is above 2 % (rule: wilson)"),
        ("consecutive_failures", 20.0, 20.0, "consecutive failures: 20, and 20 are enough"),
    ],
)
def test_a_trip_says_in_words_what_it_is(metric: str, value: float, threshold: float, sentence: str) -> None:
    assert str(Trip(Input.CLIENT, metric, value, threshold, 10.0, 0, "wilson", "")) == sentence
