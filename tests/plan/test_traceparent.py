"""Trace contexts as a setting and as a field: their form, their share, and where they cannot be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from loadgen.core.errors import InputError
from loadgen.core.template import parse_field
from loadgen.plan.fill import Arrivals, Filling, Slot, Where
from loadgen.plan.identity import named
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Kind, Plan


def plan_of(**flags: Any) -> Plan:
    flags = {"url": ("http://127.0.0.1:9/",), **flags}
    return load_plan(Kind.RUN, None, flags, Inputs({}, Path("/nowhere")), processors=1)[1]


def values(text: str, count: int, where: Where = Where.HEADER) -> list[str]:
    numbers = list(range(count))
    return Filling((), 1).values(Slot(parse_field(text), where), Arrivals(numbers, numbers, {}))


def test_a_context_has_the_form_of_the_standard() -> None:
    made = values("traceparent", 500)

    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", one) for one in made)
    assert len(set(made)) == 500
    assert not any(one[3:35] == "0" * 32 or one[36:52] == "0" * 16 for one in made)
    assert values("traceparent", 1, Where.JSON_VALUE)[0].startswith('"00-')


def test_no_two_runs_have_the_same_ids_and_one_run_has_them_again() -> None:
    slot, first = Slot(parse_field("traceparent"), Where.HEADER), Arrivals([0, 1], [0, 0], {})
    one, other = Filling((), 1), Filling((), 1)

    assert one.values(slot, first) == one.values(slot, first)
    assert not {*one.values(slot, first)} & {*other.values(slot, first)}


@pytest.mark.parametrize(
    ("share", "least", "most"), [("0", 0, 0), ("1", 2_000, 2_000), ("0.25", 400, 600), (".01", 2, 60)]
)
def test_a_share_is_sampled(share: str, least: int, most: int) -> None:
    sampled = sum(one.endswith("-01") for one in values(f"traceparent:{share}", 2_000))

    assert least <= sampled <= most


@pytest.mark.parametrize("text", ["traceparent:2", "traceparent:-1", "traceparent:x", "traceparent:1.5"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="traceparent has"):
        parse_field(text)
    with pytest.raises(ValueError, match="only a random value can be drawn again"):
        parse_field("traceparent#2")


def test_it_is_off_unless_it_is_asked_for() -> None:
    (target,) = plan_of().load.targets

    assert (target.headers, target.templated) == ((), False)


def test_the_setting_gives_every_request_the_header() -> None:
    (target,) = plan_of(traceparent=True, traceparent_sampled="1%").load.targets

    assert [(header.name, header.value) for header in target.headers] == [("traceparent", "${traceparent:0.010000}")]
    assert target.templated


def test_a_context_of_the_users_own_stays() -> None:
    (target,) = plan_of(traceparent=True, header=("Traceparent: 00-1-2-00",)).load.targets

    assert [header.name for header in target.headers] == ["Traceparent"]


def test_a_share_without_contexts_and_contexts_in_a_replay_are_refused(tmp_path: Path) -> None:
    log = tmp_path / "trace.csv"
    log.write_text("timestamp,path\n0,/a\n")
    with pytest.raises(InputError, match=r"--traceparent-sampled.*needs --traceparent"):
        plan_of(traceparent_sampled="0.5")
    with pytest.raises(InputError, match=r"--traceparent.*brings its own"):
        plan_of(traceparent=True, replay=str(log))


def test_a_plan_gets_its_name_in_all_its_phases() -> None:
    plan = named(plan_of(warmup="1s"), "phase5-dev-1")

    assert plan.warmup is not None
    assert (plan.load.run_id, plan.warmup.run_id) == ("phase5-dev-1", "phase5-dev-1")
    assert named(plan, "my rün\r\nX: y").load.run_id == "my_r_n__X:_y"
