"""The .hgrm file."""

from __future__ import annotations

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.spectrum import hgrm_text


def test_the_distribution_of_a_thousand_values_can_be_read_off() -> None:
    histogram = Histogram(60 * NS_PER_S)
    for value in range(1, 1_001):
        histogram.record(value * NS_PER_MS)

    lines = hgrm_text(histogram).splitlines()
    rows = [tuple(map(float, line.split())) for line in lines[2:] if not line.startswith("#")]

    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    by_share = {row[1]: row for row in rows}
    assert by_share[0.5][0] == 500.171  # the upper edge of the slot that holds 500 ms: 1,908 x 262,144 ns - 1
    assert by_share[0.5][2:] == (500.0, 2.0)
    assert by_share[0.9][3] == 10.0
    assert rows[-1][1:3] == (1.0, 1000.0)
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert "#[Max     =     1000.342, Total count    =         1000]" in lines
    assert lines[-1].endswith("SubBuckets     =         2048]")


def test_every_share_gives_the_value_of_its_own_rank() -> None:
    """Of 200 values the 150th is at 0.75 and the 180th at 0.9, as in the summary of the run."""
    histogram = Histogram(60 * NS_PER_S)
    for value in range(1, 201):
        histogram.record(value * NS_PER_MS)

    rows = [tuple(map(float, line.split())) for line in hgrm_text(histogram).splitlines()[2:] if line[0] != "#"]

    assert {row[1]: row[2] for row in rows if row[1] in (0.1, 0.55, 0.6, 0.75, 0.9, 0.95)} == {
        0.1: 20.0,
        0.55: 110.0,
        0.6: 120.0,
        0.75: 150.0,
        0.9: 180.0,
        0.95: 190.0,
    }


def test_an_empty_histogram_gives_a_file_without_rows() -> None:
    lines = hgrm_text(Histogram(60 * NS_PER_S)).splitlines()

    assert [line for line in lines[2:] if not line.startswith("#")] == []
    assert "Total count    =            0" in lines[-2]
