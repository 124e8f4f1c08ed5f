"""Everything that is wrong with the parameters is said at once."""

from __future__ import annotations

import pytest

from loadgen.core.errors import InputError
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.scenario import NAMES, SCENARIOS
from loadgen.drill.synth_options import read_options
from tests.support.synth_options import options


def refused(**changed: object) -> str:
    with pytest.raises(InputError) as error:
        read_options(options(**changed))
    return str(error.value)


def test_every_problem_is_named_in_one_message() -> None:
    text = refused(
        scenario="nope", duration="5x", push_interval="0", gap="-", compress=0, job="a b", instance="",
        pushgateway_url="ftp://x", demo_url="http://127.0.0.1:1",
    )  # fmt: skip
    assert text.startswith("9 problems; nothing was done:")
    for key in (
        "SCENARIO", "--duration", "--push-interval", "--gap", "--compress", "--job", "--instance", "--pushgateway-url",
        "--demo-url",
    ):  # fmt: skip
        assert f"  - {key} = " in text


def test_a_gateway_elsewhere_is_refused_unless_it_is_allowed() -> None:
    url = "http://pushgateway.example.com:9091"
    assert "'pushgateway.example.com': not this machine: synthetic figures alert whoever is on call" in refused(
        pushgateway_url=url
    )
    assert read_options(options(pushgateway_url=url, allow_target=True)).url == url


@pytest.mark.parametrize("url", ["http://localhost:9091", "http://127.0.0.1:9091", "http://[::1]:9091/prefix"])
def test_a_gateway_on_this_machine_needs_no_leave(url: str) -> None:
    assert read_options(options(pushgateway_url=url)).url == url


def test_a_name_that_only_begins_like_this_machine_is_elsewhere() -> None:
    assert "not this machine" in refused(pushgateway_url="http://localhost.example.com:9091")


def test_a_password_in_an_address_is_not_repeated() -> None:
    assert "hunter2" not in refused(pushgateway_url="http://me:hunter2@example.com/")


def test_either_a_scenario_or_all_of_them() -> None:
    assert "SCENARIO: missing: name one of error-rate-warn, " in refused(scenario=None)
    assert "leave the name out" in refused(everything=True)
    assert read_options(options(scenario=None, everything=True)).asked.scenarios == SCENARIOS


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_lasts_as_long_as_its_alerts_need_unless_told_otherwise(name: str) -> None:
    usual = read_options(options(scenario=name)).asked
    assert [usual.lasts_ns(scenario) >= scenario.needs_ns for scenario in usual.scenarios] == [True]
    assert usual.too_short() == []
    (told,) = read_options(options(scenario=name, duration="5m")).asked.too_short()
    assert told.startswith(f"{name}: 5m is too short for ")


def test_all_of_them_last_as_long_as_each_needs() -> None:
    assert read_options(options(scenario=None, everything=True)).asked.duration_ns is None
    assert read_options(options(scenario=None, everything=True, duration="15m")).asked.duration_ns == 900 * NS_PER_S


def test_a_scenario_that_is_watched_lasts_until_its_alert_can_have_fired() -> None:
    assert read_options(options(prom_url="http://prometheus.example.com:9090")).asked.duration_ns is None


def test_compression_divides_durations_gaps_and_intervals_and_no_rate() -> None:
    plain = read_options(options(duration="15m")).asked
    short = read_options(options(duration="15m", compress=30)).asked
    assert (short.duration_ns, short.gap_ns) == (30 * NS_PER_S, 20 * NS_PER_S)
    assert short.interval_ns == 333_333_333
    assert [item.relay for item in short.scenarios] == [item.relay for item in plain.scenarios]
    assert short.scenarios[0].for_ns == 20 * NS_PER_S


def test_pushes_never_come_faster_than_five_a_second() -> None:
    assert read_options(options(compress=120)).asked.interval_ns == 200 * NS_PER_MS
    assert "from 200ms to 1d" in refused(push_interval="100ms")


def test_a_duration_must_hold_two_pushes() -> None:
    assert "--duration = '15s at a push every 10s': must hold at least two pushes" in refused(duration="15s")


def test_the_stall_keeps_three_seconds_in_which_the_controller_decides() -> None:
    stalled = read_options(options(scenario="controller-stalled", compress=120)).asked.scenarios[0]
    assert stalled.lead_ns == 3 * NS_PER_S
    assert stalled.played().counts(60 * NS_PER_S).decisions == 3
