"""When scrapes come due: the grid, probes between, retries inside the interval, and what is asked for."""

from __future__ import annotations

from loadgen.core.units import NS_PER_S as S
from observer.schedule import ATTEMPTS, Schedule


def started(interval_s: int = 600, samples: int = 12, probe_s: int = 0, t0_ns: int = 0) -> Schedule:
    schedule = Schedule(interval_s * S, samples, probe_s * S, 5 * S)
    schedule.begin(t0_ns)
    return schedule


def test_nothing_is_due_before_it_begins() -> None:
    schedule = Schedule(600 * S, 12, 5 * S, 5 * S)
    assert schedule.next_ns() is None


def test_sample_k_is_due_k_intervals_after_t0() -> None:
    schedule = started(t0_ns=7)
    assert schedule.next_ns() == 600 * S + 7
    schedule.claim(600 * S + 7)
    assert [(sample.number, sample.due_ns) for sample in schedule.close(0, 0)] == [(1, 600 * S + 7)]
    assert schedule.next_ns() == 1200 * S + 7


def test_a_late_sample_does_not_move_the_grid() -> None:
    schedule = started()
    schedule.claim(630 * S)
    schedule.close(0, 0)
    assert schedule.next_ns() == 1200 * S


def test_it_is_finished_after_the_last_sample() -> None:
    schedule = started(samples=2)
    for number in (1, 2):
        assert not schedule.finished
        schedule.claim(number * 600 * S)
        assert not schedule.finished
        schedule.close(0, 0)
    assert schedule.finished
    assert schedule.next_ns() is None


def test_without_a_number_of_samples_it_goes_on() -> None:
    schedule = started(samples=0)
    schedule.claim(600 * S)
    schedule.close(0, 0)
    assert schedule.next_ns() == 1200 * S


def test_a_failed_sample_is_tried_again_after_1_2_and_4_seconds_and_then_given_up() -> None:
    schedule = started()
    now, retries = 600 * S, []
    schedule.claim(now)
    for _ in range(ATTEMPTS - 1):
        assert schedule.failed(now) == []
        now = schedule.next_ns() or 0
        retries.append(now)
    assert retries == [601 * S, 603 * S, 607 * S]
    assert [sample.number for sample in schedule.failed(now)] == [1]
    assert schedule.open == []


def test_retries_stay_inside_a_short_interval() -> None:
    schedule = started(interval_s=2)
    schedule.claim(2 * S)
    schedule.failed(2 * S + S)
    assert schedule.next_ns() == 3 * S + S // 4
    assert [sample.number for sample in schedule.failed(3 * S + S // 2)] == [1]


def test_one_scrape_closes_every_open_sample() -> None:
    schedule = started()
    schedule.claim(600 * S)
    schedule.ask("end", 601 * S)
    assert [sample.label for sample in schedule.close(0, 0)] == ["", "end"]


def test_probes_come_due_on_their_own_grid_and_missed_ones_are_left_out() -> None:
    schedule = started(probe_s=5)
    assert schedule.next_ns() == 0
    assert schedule.probe_is_due(0)
    assert not schedule.probe_is_due(5 * S - 1)
    assert schedule.probe_is_due(5 * S)
    assert schedule.next_ns() == 10 * S
    assert schedule.probe_is_due(23 * S)
    assert schedule.next_ns() == 25 * S


def test_a_scrape_ends_before_the_next_probe_and_leaves_room_for_a_retry() -> None:
    assert started(probe_s=5).timeout_ns(0) == 4_500_000_000
    assert started(interval_s=5, probe_s=5).timeout_ns(0) == 2 * S
    assert started().timeout_ns(0) == 5 * S


def test_a_scrape_of_an_open_sample_never_outlasts_its_time() -> None:
    schedule = started(interval_s=10)
    schedule.claim(10 * S)
    assert schedule.timeout_ns(17 * S) == S
    assert schedule.timeout_ns(30 * S) == S // 20


def test_intervals_that_passed_unnoticed_are_told_and_not_measured() -> None:
    schedule = started()
    assert schedule.claim(1900 * S) == [1, 2]
    assert [sample.number for sample in schedule.open] == [3]


def test_after_a_stop_only_what_was_due_or_is_asked_for_is_done() -> None:
    schedule = started(probe_s=5)
    schedule.stop(600 * S)
    assert [sample.number for sample in schedule.close(0, 0)] == [1]
    assert schedule.next_ns() is None
    schedule.ask("end", 700 * S)
    assert schedule.next_ns() == 700 * S
    schedule.close(0, 0)
    assert schedule.finished


def test_a_final_sample_takes_the_next_number() -> None:
    schedule = started()
    schedule.claim(600 * S)
    schedule.close(0, 0)
    schedule.stop(700 * S)
    schedule.ask("final", 700 * S)
    schedule.ask("end", 700 * S)
    assert [(sample.number, sample.label) for sample in schedule.close(0, 0)] == [(2, "final"), (2, "end")]


def test_what_was_asked_for_waits_for_data_that_is_not_older_than_the_asking() -> None:
    schedule = Schedule(600 * S, 12, 0, 5 * S)
    schedule.ask("end", 100 * S, fresh_ns=30 * S)
    assert schedule.close(101 * S, 90 * S) == []
    assert schedule.next_ns() == 101 * S + S // 2
    assert [sample.label for sample in schedule.close(112 * S, 105 * S)] == ["end"]


def test_old_data_is_better_than_none_when_nothing_newer_comes() -> None:
    schedule = Schedule(600 * S, 12, 0, 5 * S)
    schedule.ask("end", 100 * S, fresh_ns=30 * S)
    assert schedule.close(129 * S + 800_000_000, 90 * S) == []
    assert schedule.next_ns() == 130 * S, "the last attempt is at the end of the wait"
    assert [sample.label for sample in schedule.close(130 * S, 90 * S)] == ["end"]


def test_a_sample_of_the_grid_takes_whatever_the_scrape_has() -> None:
    schedule = started()
    schedule.claim(600 * S)
    assert [sample.number for sample in schedule.close(600 * S, 550 * S)] == [1]
