"""Series that were made up to try alerts are measured by nobody."""

from __future__ import annotations

import pytest

from loadgen.core.synthetic import is_synthetic, scenarios_on
from observer.binding import Binding
from observer.exposition import Series
from observer.profile_file import load_profile
from observer.prom_query import Server, newest, questions, scenarios
from tests.support.observed import Observed

RELAY = Binding(load_profile("relay", ""))


def test_an_execution_counts_and_a_synthetic_one_does_not() -> None:
    labels = {"status": "ok", "provider": "google"}
    assert RELAY.memberships(Series("action_exec_total", labels))
    assert not RELAY.memberships(Series("action_exec_total", {**labels, "synthetic": "true"}))
    assert not RELAY.memberships(Series("action_exec_total", {**labels, "job": "loadgen_synth"}))


@pytest.mark.parametrize("label", ["job", "exported_job"])
def test_the_job_of_synthetic_series_marks_them_too(label: str) -> None:
    assert is_synthetic({label: "loadgen_synth"})
    assert not is_synthetic({label: "relay"})


def test_a_prometheus_server_is_never_asked_for_them() -> None:
    server = Server.parse("http://127.0.0.1:9090?job=relay")
    asked = [question.promql for question in questions(RELAY, server, full=True)]
    without = 'synthetic!="true",job!="loadgen_synth",exported_job!="loadgen_synth"'
    assert asked
    assert all(without in query for query in asked)
    latest = newest(RELAY, server)
    assert latest.count(without) == latest.count("timestamp(")


def test_a_prometheus_server_is_asked_for_scenarios_of_any_job_under_the_other_conditions_of_its_address() -> None:
    server = Server.parse("http://127.0.0.1:9090?job=relay&cluster=eu")
    assert scenarios(server) == 'max by (scenario) (loadgen_synthetic_scenario{cluster="eu"}) > 0'


def gauge(name: str, value: str = "1.0") -> str:
    return f'loadgen_synthetic_scenario{{instance="x",job="j",scenario="{name}",synthetic="true"}} {value}\n'


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (gauge("mime-slow"), {"mime-slow"}),
        (f"up 1\n{gauge('mime-slow', '1')}{gauge('latency-crit')}", {"mime-slow", "latency-crit"}),
        (gauge("mime-slow", "0.0"), set()),
        (gauge("mime-slow", "1 1700000000000"), {"mime-slow"}),
        (gauge("mime-slow", "0 1700000000000"), set()),
        (gauge("mime-slow").replace("\n", "\r\n"), {"mime-slow"}),
        ("# HELP loadgen_synthetic_scenario 1\n# TYPE loadgen_synthetic_scenario gauge\n", set()),
        ("", set()),
    ],
)
def test_a_page_says_which_scenarios_are_in_force(page: str, names: set[str]) -> None:
    assert scenarios_on(page) == names


async def test_every_sample_from_then_on_names_a_scenario_that_was_in_force_once() -> None:
    def page(now_s: float) -> str:
        return f'http_requests_total{{status="200"}} {now_s}\n' + (gauge("mime-slow") if now_s == 600 else "")

    observed = Observed(page, samples=3)
    await observed.run()
    assert [sample.synthetic for sample in observed.samples] == [[], ["mime-slow"], ["mime-slow"], ["mime-slow"]]
    assert len(observed.logged("the synthetic scenario mime-slow is in force")) == 1
