"""summary.json and its text."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.summary import Figures, spectrum, summary_document, trend
from loadgen.run.summary_text import summary_text

TOTALS: dict[str, Any] = {
    "scheduled": 100, "sent": 95, "unsent": 2, "done": 90, "in_flight": 1,
    "failed": {"timeout": 4, "reset": 0}, "dropped": {"dropped_late": 3},
    "out_of_range": {"response": 1}, "endpoints": {"/a": {"sent": 95, "done": 90, "failed": {"timeout": 4}}},
    "lookups": {"http://h:80": 3},
    "addresses": {"http://h:80": {
        "answers": {"10.0.0.1": 3, "10.0.0.2": 1}, "connections": {"10.0.0.1": 12}, "requests": {"10.0.0.1": 95},
    }},
}  # fmt: skip


def histogram(*values_ms: float) -> Histogram:
    made = Histogram(60 * NS_PER_S)
    for value in values_ms:
        made.record(round(value * NS_PER_MS))
    return made


def document() -> dict[str, Any]:
    response = histogram(*range(1, 98))
    figures = Figures(
        run_id="r", totals=TOTALS, histograms={"response": response, "endpoint:/a": response},
        duration_ns=10 * NS_PER_S, target_rate_per_s=10.0, sent_by_second=[10, 10, 10, 10, 10, 10, 10, 10, 10, 5, 7],
        validity={"state": "VALID", "reasons": []},
    )  # fmt: skip
    return summary_document(figures)


def test_counts_add_up_and_stand_in_the_shape_that_k6_has() -> None:
    summary = document()

    totals = summary["totals"]
    assert totals["scheduled"] == totals["sent"] + totals["unsent"] + totals["dropped"]
    assert totals["sent"] == totals["done"] + totals["failed"] + totals["in_flight"]
    assert summary["metrics"]["http_reqs"]["values"] == {"count": 95, "rate": 9.5}
    assert summary["metrics"]["http_req_failed"]["values"] == {"rate": 7 / 97, "passes": 7, "fails": 90}
    assert summary["metrics"]["dropped_iterations"]["values"]["count"] == 3
    assert (summary["success"], summary["fail"]) == (90, 7)
    assert summary["outcomes"] == {"ok": 90, "timeout": 4, "dropped_late": 3}


def test_percentiles_are_milliseconds() -> None:
    values = document()["metrics"]["http_req_duration"]["values"]

    assert values["med"] == pytest.approx(49, rel=1e-3)
    assert values["p(99)"] == pytest.approx(97, rel=1e-3)
    assert values["max"] == pytest.approx(97, rel=1e-3)
    assert document()["endpoints"]["/a"]["p50_ms"] == values["med"]


def test_the_rate_is_judged_over_the_schedule_and_whole_seconds() -> None:
    rate = document()["rate"]

    assert (rate["target"], rate["achieved"]) == (10.0, 9.5)
    assert rate["second_cv"] == pytest.approx(1.5 / 9.5, abs=1e-6)


def test_a_clock_without_values_has_null_figures() -> None:
    assert set(trend(None).values()) == {None}
    assert set(trend(Histogram(NS_PER_S)).values()) == {None}
    assert document()["metrics"]["loadgen_lag"]["values"]["avg"] is None


def test_the_spectrum_counts_what_lies_above_each_percentile() -> None:
    rows = spectrum(histogram(*range(1, 101)))

    assert [(row["percentile"], row["above"]) for row in rows[:4]] == [(50, 50), (75, 25), (90, 10), (95, 5)]
    assert rows[-1]["above"] == 0


def test_the_text_for_people_has_counts_latencies_and_the_spectrum() -> None:
    text = summary_text(document())

    assert "100 requests scheduled in 10 s; validity VALID" in text
    assert "95 sent, 90 done, 4 failed, 3 dropped" in text
    assert "left at the end: 2 unsent, 1 in flight" in text
    assert "timeout 4, dropped_late 3" in text
    assert "99.999" in text
    assert "own lag" in text


def test_the_table_of_endpoints_has_what_was_dropped() -> None:
    counts = {"sent": 95, "done": 90, "failed": 4, "dropped": 3}
    totals = {**TOTALS, "endpoints": {"/a": counts, "/b": dict.fromkeys(counts)}}
    lines = summary_text(summary_document(Figures("r", totals, {}, 10 * NS_PER_S, 10.0))).splitlines()
    table = [line.split() for line in lines if line.startswith(("endpoint ", "/a ", "/b "))]

    assert table == [
        ["endpoint", "sent", "done", "failed", "dropped", "p50", "p95", "p99", "max"],
        ["/a", "95", "90", "4", "3", "NA", "NA", "NA", "NA"],
        ["/b", *["NA"] * 8],
    ]


def test_addresses_have_their_answers_connections_and_requests() -> None:
    made = document()

    assert made["addresses"] == {
        "http://h:80": {
            "lookups": 3,
            "addresses": {
                "10.0.0.1": {"answers": 3, "connections": 12, "requests": 95},
                "10.0.0.2": {"answers": 1, "connections": 0, "requests": 0},
            },
        }
    }
    text = [" ".join(line.split()) for line in summary_text(made).splitlines()]
    assert "http://h:80 at 10.0.0.1 12 95 3/3" in text
    assert "http://h:80 at 10.0.0.2 0 0 1/3" in text


def test_phases_are_told_under_the_names_that_k6_has() -> None:
    figures = Figures(
        "r", TOTALS, {"connect": histogram(2), "first_byte": histogram(3), "transfer": histogram(4)}, 10, 10.0
    )
    made = summary_document(figures)

    found = {
        name: made["metrics"][f"http_req_{name}"]["values"]["max"] for name in ("connecting", "waiting", "receiving")
    }
    assert {name: round(value) for name, value in found.items()} == {"connecting": 2, "waiting": 3, "receiving": 4}
    assert made["metrics"]["http_req_tls_handshaking"]["values"]["max"] is None
    assert "TLS" not in summary_text(made), "a phase that never was is left out"


def test_the_text_of_a_run_that_sent_nothing_says_na() -> None:
    empty = Figures("r", {}, {}, 0, 10.0)

    assert "NA sent" in summary_text(summary_document(empty))


def test_percentiles_carry_their_intervals_and_say_where_values_are_too_few() -> None:
    duration = document()["metrics"]["http_req_duration"]

    assert duration["confidence"] == 0.99
    # 97 values: rank 48.5 -+ 2.576 x sqrt(24.25) = 35.8 to 61.2, rounded outward to 35 and 63
    assert duration["intervals"]["med"] == pytest.approx([35, 63], rel=2e-3)
    assert duration["too_few"] == ["p(90)", "p(95)", "p(99)", "p(99.9)"]
    assert set(duration["intervals"]) == {"med"}
    assert document()["metrics"]["loadgen_lag"]["too_few"][0] == "med"


def test_people_read_too_few_instead_of_a_percentile_that_is_one_value() -> None:
    lines = summary_text(document()).splitlines()

    response = next(line for line in lines if line.startswith("response (due to done)"))
    assert response.count("too few") == 4
    assert "response, 99 % intervals" in lines
    assert next(line for line in lines if " to 63" in line).split()[:2] == ["50", "35.029"]
