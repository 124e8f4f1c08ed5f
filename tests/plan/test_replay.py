"""From a trace to a plan: gaps x speed, groups of requests, and what a replay does not go with."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as checks
from hypothesis import strategies as st

from loadgen.core.config import read_settings
from loadgen.core.errors import InputError
from loadgen.core.trace import Trace, parse_trace
from loadgen.core.units import NS_PER_S, Rate
from loadgen.pace.build import peak_per_s, schedule_of
from loadgen.pace.trace import unpack_numbers
from loadgen.plan import replay as replay_module
from loadgen.plan.codec import decode, encode
from loadgen.plan.load import build_plan
from loadgen.plan.model import Kind, LoadPlan
from loadgen.plan.replay import MOST_GROUPS, dues_of, groups_of, pack_numbers, peak_of
from loadgen.plan.validate import check
from loadgen.worker.replay import ReplayedRequests

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:9/v1/"
TIMES = st.lists(st.integers(0, 10**13), min_size=1, max_size=60).map(sorted)
CSV = "timestamp,method,path\n1,GET,/a?x=1\n1.5,GET,/a?x=2\n2,POST,/b\n4,GET,/a?x=1\n"


def trace_of(times: list[int]) -> Trace:
    return Trace(tuple(times), tuple(range(len(times))), tuple(("GET", f"/{n}") for n in range(len(times))))


def given_flags(folder: Path, profile: str | None = None, **flags: Any) -> tuple[Any, list[str]]:
    (folder / "trace.csv").write_text(CSV)
    everything = {"url": (HERE,), "replay": str(folder / "trace.csv"), **flags}
    settings, problems = read_settings(profile, everything, {"ALLOWED_HOSTS": "127.0.0.1"})
    return settings, [str(problem) for problem in (*problems, *check(settings, Kind.RUN))]


def load_of(folder: Path, **flags: Any) -> LoadPlan:
    settings, problems = given_flags(folder, **flags)
    assert problems == []
    return build_plan(settings, Kind.RUN).load


@checks(deadline=None)
@given(TIMES, st.fractions(Fraction(1, 100), 1_000, max_denominator=1_000))
def test_gaps_are_the_recorded_ones_divided_by_the_speed(times: list[int], speed: Fraction) -> None:
    dues = dues_of(trace_of(times), speed)

    assert dues == sorted(dues)
    for at, due in zip(times, dues, strict=True):
        assert 0 <= at / speed - due < 1


@checks(deadline=None)
@given(TIMES)
def test_the_peak_is_the_fullest_second(times: list[int]) -> None:
    assert peak_of(times).per_s == max(sum(1 for at in times if end - NS_PER_S < at <= end) for end in times)


@checks(deadline=None)
@given(st.lists(st.integers(-(10**17), 10**17), max_size=50))
def test_packed_numbers_come_back(numbers: list[int]) -> None:
    assert unpack_numbers(pack_numbers(numbers)).tolist() == numbers


def test_a_plan_of_a_trace_has_its_times_its_groups_and_its_requests(tmp_path: Path) -> None:
    load = load_of(tmp_path, speed="2")

    assert schedule_of(load).block(0, 1, 9) == [0, 250_000_000, 500_000_000, 1_500_000_000]
    assert [(target.name, target.url, target.weight) for target in load.targets] == [
        ("/a", "http://127.0.0.1:9/v1/a?x=1", 3),
        ("POST /b", "http://127.0.0.1:9/v1/b", 1),
    ]
    assert (load.replay and load.replay.peak, peak_per_s(load), load.workers) == (Rate(3, NS_PER_S), 3.0, 1)
    assert load.stages[0].duration_ns == 1_500_000_001


def test_a_worker_finds_the_request_of_each_arrival_in_the_plan_it_is_sent(tmp_path: Path) -> None:
    sent = decode(LoadPlan, encode(load_of(tmp_path)))
    assert sent.replay is not None

    requests = ReplayedRequests(sent.replay)

    assert [requests.requests[number] for number in requests.choose(0, 1, 4)] == [
        (0, "GET", "http://127.0.0.1:9/v1/a?x=1"),
        (0, "GET", "http://127.0.0.1:9/v1/a?x=2"),
        (1, "POST", "http://127.0.0.1:9/v1/b"),
        (0, "GET", "http://127.0.0.1:9/v1/a?x=1"),
    ]
    assert requests.choose(1, 2, 2) == requests.choose(0, 1, 4)[1::2]
    assert requests.counts == [2, 1, 1]


def test_the_first_requests_can_be_asked_for(tmp_path: Path) -> None:
    load = load_of(tmp_path, requests="2")

    assert schedule_of(load).total == 2
    assert [target.weight for target in load.targets] == [2, 1]  # a group without entries keeps its place


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([f"/item/{n}/price/old" for n in range(100)], ["/item/…"]),
        ([f"/shop/item/list/{n}" for n in range(100)], ["/shop/item/list/…"]),
        (["/a?x=1", "/a?x=2", "/b"], ["/a", "/b"]),
    ],
)
def test_many_paths_are_grouped_by_their_leading_segments(paths: list[str], names: list[str]) -> None:
    trace = Trace(tuple(range(len(paths))), tuple(range(len(paths))), tuple(("GET", path) for path in paths))

    endpoints, groups = groups_of(trace)

    assert [endpoint.name for endpoint in endpoints] == names
    assert len(groups) == len(paths)


def test_what_is_still_too_many_is_one_group_beside_the_busiest() -> None:
    lines = ["timestamp,path\n"] + [f"{n},/{n % 100 if n < 1_000 else n % 3}\n" for n in range(1_100)]

    endpoints, groups = groups_of(parse_trace(lines))

    assert len(endpoints) == MOST_GROUPS
    assert {endpoint.name for endpoint in endpoints} >= {"/0", "/1", "/2", "other"}
    assert sum(endpoint.weight for endpoint in endpoints) == 1_100
    assert len(groups) == 100


def test_a_trace_that_does_not_fit_the_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = given_flags(tmp_path)
    monkeypatch.setattr(replay_module, "MOST_BYTES", 10)

    with pytest.raises(InputError, match=r"--replay: takes \d+ bytes even when packed, more than 10: cut it"):
        build_plan(settings, Kind.RUN)


def test_a_replay_has_no_rate_and_brings_its_own_requests(tmp_path: Path) -> None:
    why = "a trace has its own times: --speed changes them, --requests takes the first ones"

    assert given_flags(tmp_path, rate="5")[1] == [f"--rate: give either --rate or --replay: {why}"]
    assert given_flags(tmp_path, arrival="poisson")[1] == [f"--arrival: give either --arrival or --replay: {why}"]
    assert given_flags(tmp_path, method="POST")[1] == [
        "--replay: a trace brings its own requests: give one URL, without --method or --body"
    ]


def test_production_replays_what_changes_nothing_and_no_faster_than_it_allows(tmp_path: Path) -> None:
    assert given_flags(tmp_path, "production", speed="1000")[1] == [
        "--replay: 1 of its requests may change data: production replays GET, HEAD and OPTIONS only",
    ]
    settings, problems = read_settings(
        "production",
        {"url": (HERE,), "replay": str(tmp_path / "trace.csv")},
        {"ALLOWED_HOSTS": "127.0.0.1", "MAX_RATE": "1"},
    )
    assert problems == []
    assert "production allows at most 1/s" in "".join(map(str, check(settings, Kind.RUN)))


def test_what_cannot_be_read_is_a_problem_of_the_flag(tmp_path: Path) -> None:
    _, problems = read_settings(None, {"url": (HERE,), "replay": str(tmp_path / "absent.csv")}, {})

    assert [problem.remedy for problem in problems] == ["cannot read the file: No such file or directory"]
