"""A plan travels exactly, and shows no secret where people look."""

from __future__ import annotations

import orjson
import pytest

from loadgen.core.redact import Secret
from loadgen.core.units import parse_rate
from loadgen.plan.codec import decode, describe, encode
from loadgen.plan.model import Header, Kind, LoadPlan, Observation, Plan, Profile, Stage, Target, Tls


@pytest.fixture
def plan() -> Plan:
    target = Target(
        "post",
        "https://service.test/orders?x=1",
        method="POST",
        headers=(Header("Authorization", Secret("Bearer abcdefgh")), Header("X-Plain", "text")),
        body=b"\x00\xff{}",
        weight=3,
        expected=(2,),
    )
    load = LoadPlan(
        (Stage(parse_rate("0.5"), 7), Stage(parse_rate("80"), 9)), (target,), tls=Tls(key_pem=Secret("KEYKEYKEY"))
    )
    return Plan(
        Kind.BASELINE, Profile.STAGING, "staging", "https://service.test", load, warmup=load,
        observation=Observation(("https://service.test/metrics",), auth_header=Secret("X-Token: tokentoken")),
        slo=(("p95_s", 0.15),), jwt=Secret("jwtjwtjwt"), secrets=(Secret("jwtjwtjwt"),),
    )  # fmt: skip


def test_a_plan_comes_back_equal_from_its_json_form(plan: Plan) -> None:
    assert decode(Plan, orjson.loads(orjson.dumps(encode(plan)))) == plan


def test_a_described_plan_shows_no_secret_and_no_body(plan: Plan) -> None:
    text = orjson.dumps(describe(plan)).decode()
    for secret in ("abcdefgh", "KEYKEYKEY", "tokentoken", "jwtjwtjwt"):
        assert secret not in text
    assert '"***efgh"' in text
    assert '"4 bytes"' in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": "many"}, r"Rate\.count: expected int, not str"),
        ({"extra": 1}, r"Rate: missing \[\], unknown \['extra'\]"),
    ],
)
def test_a_form_that_does_not_fit_names_the_place(change: dict[str, object], message: str) -> None:
    from loadgen.core.units import Rate

    with pytest.raises(ValueError, match=message):
        decode(Rate, {"count": 1, "per_ns": 2} | change)


def test_a_missing_field_is_named(plan: Plan) -> None:
    body = encode(plan)
    del body["load"]["stages"]
    with pytest.raises(ValueError, match=r"Plan\.load: missing \['stages'\], unknown \[\]"):
        decode(Plan, body)
