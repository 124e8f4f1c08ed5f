"""Series that were made up to try alerts are measured by nobody."""

from __future__ import annotations

import pytest

from loadgen.core.synthetic import is_synthetic
from observer.binding import Binding
from observer.exposition import Series
from observer.profile_file import load_profile
from observer.prom_query import Server, newest, questions

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
