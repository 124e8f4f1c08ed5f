"""The account of endpoints: resets, vanished series, several endpoints, several processes, changed buckets."""

from __future__ import annotations

from observer.change import Change
from tests.support.pages import Endpoints


def page(requests: float, *, start: float | None = None, misses: float | None = None, cpu: float | None = None) -> str:
    lines = [f'http_requests_total{{status="200"}} {requests}']
    if start is not None:
        lines.append(f"process_start_time_seconds {start}")
    if misses is not None:
        lines.append(f"cache_hits_total 0\ncache_miss_total {misses}")
    if cpu is not None:
        lines.append(f"process_cpu_seconds_total {cpu}")
    return "\n".join(lines) + "\n"


def requests(endpoints: Endpoints, earlier: int = 0, later: int = -1) -> float | None:
    return Change(endpoints.taken[earlier], endpoints.taken[later], endpoints.reading.profile).part("requests", "total")


def test_the_increase_is_counted_from_the_first_page() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000))
    endpoints.take(page(1080))
    endpoints.take(page(1200))
    assert requests(endpoints) == 200
    assert requests(endpoints, 1) == 120


def test_a_restart_adds_the_new_value_when_the_start_time_moves() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000, start=100))
    snapshot = endpoints.take(page(1500, start=900))
    assert requests(endpoints) == 1500
    assert (snapshot.resets, snapshot.restarts) == (1, 1)
    assert snapshot.notes == ("counter reset: start time moved by 800 s; new values count from 0",)


def test_a_drop_of_one_counter_restarts_every_series_of_the_endpoint() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000, misses=5))
    snapshot = endpoints.take(page(40, misses=9))
    assert requests(endpoints) == 40
    change = Change(endpoints.taken[0], snapshot, endpoints.reading.profile)
    assert change.part("cache", "misses") == 9
    assert (snapshot.resets, snapshot.restarts) == (1, 0)
    assert snapshot.notes == ("counter reset: http_requests_total fell; new values count from 0",)


def test_a_start_time_that_jitters_by_less_than_a_second_is_the_same_process() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000, start=100.0))
    snapshot = endpoints.take(page(1010, start=100.9))
    assert requests(endpoints) == 10
    assert snapshot.resets == 0


def test_a_series_that_appears_after_the_first_page_began_at_zero() -> None:
    endpoints = Endpoints()
    endpoints.take('http_requests_total{status="200"} 10\n')
    endpoints.take('http_requests_total{status="200"} 12\nhttp_requests_total{status="500"} 3\n')
    assert requests(endpoints) == 5


def test_a_series_that_vanishes_and_comes_back_is_no_reset_of_the_others() -> None:
    endpoints = Endpoints()
    both = 'http_requests_total{{status="200"}} {}\nhttp_requests_total{{status="404"}} {}\n'
    endpoints.take(both.format(100, 50))
    endpoints.take('http_requests_total{status="200"} 110\n')
    snapshot = endpoints.take(both.format(120, 2))
    assert requests(endpoints) == 20 + 2
    assert snapshot.resets == 0


def test_a_hidden_series_that_comes_back_higher_counts_its_difference() -> None:
    endpoints = Endpoints()
    both = 'http_requests_total{{status="200"}} {}\nhttp_requests_total{{status="404"}} {}\n'
    endpoints.take(both.format(100, 50))
    endpoints.take('http_requests_total{status="200"} 110\n')
    endpoints.take(both.format(120, 57))
    assert requests(endpoints) == 20 + 7


def test_several_endpoints_are_summed_after_each_ones_own_account() -> None:
    endpoints = Endpoints(count=2)
    endpoints.take(page(1000, start=1), page(500, start=2))
    snapshot = endpoints.take(page(1010, start=1), page(30, start=900))
    assert requests(endpoints) == 10 + 30
    assert (snapshot.resets, snapshot.restarts) == (1, 1)
    assert Change(None, snapshot, endpoints.reading.profile).part("requests", "total") == 1040


def test_a_start_time_that_comes_back_means_several_processes_and_takes_back_what_was_added() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000, start=100))
    endpoints.take(page(90_000, start=200))
    snapshot = endpoints.take(page(1010, start=100))
    assert snapshot.several == "start time 100 came back after 200"
    assert requests(endpoints) == 0
    assert snapshot.generation > endpoints.taken[0].generation
    assert snapshot.notes[0].startswith("several processes answer behind one URL: start time 100 came back")


def test_a_start_time_that_goes_back_means_several_processes_at_once() -> None:
    endpoints = Endpoints()
    endpoints.take(page(1000, start=200))
    assert endpoints.take(page(5, start=100)).several == "start time went back from 200 to 100"


def test_without_start_times_a_counter_set_that_keeps_coming_back_means_several_processes() -> None:
    endpoints = Endpoints()
    seen = [endpoints.take(text).several for text in (page(1000), page(400), page(1001), page(401), page(1003))]
    assert seen[:4] == ["", "", "", ""]
    assert seen[4] == "a set of counters that was replaced came back"


def test_a_real_restart_without_start_time_is_not_taken_for_several_processes() -> None:
    endpoints = Endpoints()
    values = [1000, 10, 500, 1100, 1600, 2200, 2800, 3000, 3500]
    assert not any(endpoints.take(page(value)).several for value in values)
    assert requests(endpoints) == 3500


def test_two_real_restarts_with_start_times_are_two_restarts() -> None:
    endpoints = Endpoints()
    for value, start in ((1000, 1), (10, 50), (1200, 50), (7, 90), (2000, 90)):
        assert endpoints.take(page(value, start=start)).several == ""
    assert endpoints.taken[-1].restarts == 2
    assert requests(endpoints) == 1200 + 2000


def test_when_one_process_has_answered_for_a_while_counting_goes_on() -> None:
    endpoints = Endpoints()
    for value, start in ((1000, 100), (5, 200), (1001, 100)):
        endpoints.take(page(value, start=start))
    states = [endpoints.take(page(10 * n, start=200)).several for n in range(1, 9)]
    assert states[:6] == ["start time 100 came back after 200"] * 6
    assert states[7] == ""
    endpoints.take(page(500, start=200))
    assert endpoints.taken[-1].generation == endpoints.taken[-2].generation
    assert requests(endpoints, -2) == 500 - 80


HISTOGRAM = "http_server_requests_seconds"


def histogram(counts: dict[str, int], labels: str = "") -> str:
    lines = [f'{HISTOGRAM}_bucket{{{labels}le="{le}"}} {count}' for le, count in counts.items()]
    total = counts["+Inf"]
    return (
        "\n".join([*lines, f"{HISTOGRAM}_count{{{labels}}} {total}", f"{HISTOGRAM}_sum{{{labels}}} {total * 0.1}"])
        + "\n"
    )


def test_histograms_are_differenced_per_series_and_then_summed() -> None:
    endpoints = Endpoints()
    endpoints.take(histogram({"0.1": 5, "+Inf": 10}, 'route="/a",'))
    endpoints.take(histogram({"0.1": 6, "+Inf": 14}, 'route="/a",') + histogram({"0.1": 2, "+Inf": 2}, 'route="/b",'))
    buckets = Change(endpoints.taken[0], endpoints.taken[1], endpoints.reading.profile).buckets("latency")
    assert buckets is not None
    assert buckets.cumulative == {0.1: 3, float("inf"): 6}
    assert buckets.count == 6


def test_bounds_are_numbers_so_that_1_and_1_0_are_the_same() -> None:
    endpoints = Endpoints()
    endpoints.take(histogram({"1": 5, "+Inf": 10}, 'route="/a",') + histogram({"1.0": 5, "+Inf": 10}, 'route="/b",'))
    endpoints.take(histogram({"1": 6, "+Inf": 12}, 'route="/a",') + histogram({"1.0": 7, "+Inf": 12}, 'route="/b",'))
    buckets = Change(endpoints.taken[0], endpoints.taken[1], endpoints.reading.profile).buckets("latency")
    assert buckets is not None
    assert buckets.cumulative == {1.0: 3, float("inf"): 4}


def test_changed_buckets_make_the_interval_unknown_and_begin_anew() -> None:
    endpoints = Endpoints()
    endpoints.take(histogram({"0.1": 5, "+Inf": 10}))
    changed = endpoints.take(histogram({"0.2": 50, "+Inf": 100}))
    endpoints.take(histogram({"0.2": 60, "+Inf": 120}))
    profile = endpoints.reading.profile
    assert Change(endpoints.taken[0], changed, profile).buckets("latency") is None
    later = Change(changed, endpoints.taken[2], profile).buckets("latency")
    assert later is not None
    assert later.cumulative == {0.2: 10, float("inf"): 20}
    assert "the buckets of latency changed; its percentiles begin anew" in changed.notes


def test_series_with_different_buckets_are_not_summed() -> None:
    endpoints = Endpoints()
    text = histogram({"0.1": 5, "+Inf": 10}, 'route="/a",') + histogram({"0.2": 5, "+Inf": 10}, 'route="/b",')
    endpoints.take(text)
    endpoints.take(text)
    assert Change(endpoints.taken[0], endpoints.taken[1], endpoints.reading.profile).buckets("latency") is None


def test_a_restart_counts_the_new_processs_buckets_in_full() -> None:
    endpoints = Endpoints()
    endpoints.take(histogram({"0.1": 50, "+Inf": 100}))
    endpoints.take(histogram({"0.1": 3, "+Inf": 4}))
    buckets = Change(endpoints.taken[0], endpoints.taken[1], endpoints.reading.profile).buckets("latency")
    assert buckets is not None
    assert buckets.cumulative == {0.1: 3, float("inf"): 4}


def test_a_counter_that_is_nan_for_a_while_is_counted_over_the_gap() -> None:
    endpoints = Endpoints()
    for value in ("100", "NaN", "130", "+Inf", "150"):
        endpoints.take(f'http_requests_total{{status="200"}} {value}\n')
    assert requests(endpoints) == 50
    assert endpoints.taken[-1].resets == 0


def test_a_start_time_of_nan_is_no_restart() -> None:
    endpoints = Endpoints()
    endpoints.take(page(100, start=5))
    endpoints.take(page(110).rstrip() + "\nprocess_start_time_seconds NaN\n")
    snapshot = endpoints.take(page(120, start=5))
    assert (requests(endpoints), snapshot.resets, snapshot.several) == (20, 0, "")


def test_a_counter_below_zero_has_no_figure_and_is_no_restart_of_the_others() -> None:
    """It is NA up to and from the broken scrape, and what came in between is counted over the gap: 40 of 1040."""
    endpoints = Endpoints()
    endpoints.take(page(1000, misses=5))
    broken = endpoints.take(page(-5, misses=9))
    endpoints.take(page(1040, misses=11))
    assert [requests(endpoints, *ends) for ends in ((0, 1), (1, 2), (0, 2))] == [None, None, 40]
    assert Change(endpoints.taken[0], broken, endpoints.reading.profile).part("cache", "misses") == 4
    assert Change(None, broken, endpoints.reading.profile).part("requests", "total") is None
    assert broken.resets == 0
    assert broken.notes == ("http_requests_total is -5: a counter is never negative, so it is NA",)
    assert endpoints.take(page(-5, misses=11)).notes == ()


def test_a_counter_that_was_below_zero_at_the_start_counts_from_its_first_good_value() -> None:
    endpoints = Endpoints()
    endpoints.take(page(-5))
    endpoints.take(page(1000))
    endpoints.take(page(1080))
    assert [requests(endpoints, *ends) for ends in ((0, 2), (1, 2))] == [None, 80]


def test_one_endpoint_with_a_broken_counter_leaves_no_sum_of_the_others() -> None:
    endpoints = Endpoints(count=2)
    endpoints.take(page(10), page(20))
    endpoints.take(page(30), page(-1))
    assert requests(endpoints) is None


def test_a_bucket_below_zero_leaves_no_percentile() -> None:
    text = 'http_server_requests_seconds_bucket{{le="0.1"}} {}\nhttp_server_requests_seconds_bucket{{le="+Inf"}} 9\n'
    endpoints = Endpoints()
    endpoints.take(text.format(3))
    endpoints.take(text.format(-3))
    assert Change(endpoints.taken[0], endpoints.taken[1], endpoints.reading.profile).buckets("latency") is None
