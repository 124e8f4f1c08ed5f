"""What other load generators print, and how their figures are found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.peers import PEERS, Work, installed

if TYPE_CHECKING:
    from pathlib import Path

WRK2 = """  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%  830.00us
 99.000%  906.24ms
  9995 requests in 10.00s, 1.08MB read
"""
HEY = """Latency distribution:
  99% in 0.0076 secs

Status code distribution:
  [200]\t9990 responses
  [500]\t10 responses
"""
AUTOCANNON = 'npx\n{"latency": {"p99": 703}, "requests": {"total": 10000, "sent": 10020}}\n'
LOCUST = '[\n {"name": "/", "num_requests": 2041, "num_failures": 0}\n]\n'


@pytest.mark.parametrize(
    ("name", "output", "answers"),
    [
        ("wrk2", WRK2, 9_995),
        ("wrk", WRK2, 9_995),
        ("hey", HEY, 10_000),
        ("autocannon", AUTOCANNON, 10_000),
        ("locust", LOCUST, 2_041),
        ("molotov", "SUCCESSES: 4711 | WORKERS: 0\n", 4_711),
        ("ab", "Complete requests:      50000\n", 50_000),
        ("k6", "     http_reqs......................: 4999  999.7/s\n", 4_999),
        ("k6", "    http_reqs......................: 4999  999.7/s\n", 4_999),
        ("vegeta", '{"latencies":{},"requests":5000}\n', 5_000),
    ],
)
def test_answers_are_counted(name: str, output: str, answers: int) -> None:
    assert PEERS[name].count(output) == answers


def test_percentiles_are_milliseconds() -> None:
    assert PEERS["wrk2"].percentile(WRK2, "99") == 906.24
    assert PEERS["wrk2"].percentile(WRK2, "50") == pytest.approx(0.83)
    assert PEERS["hey"].percentile(HEY, "99") == pytest.approx(7.6)
    assert PEERS["autocannon"].percentile(AUTOCANNON, "99") == 703
    assert PEERS["wrk"].percentile(WRK2, "99") is None


@pytest.mark.parametrize("name", sorted(PEERS))
def test_every_peer_is_given_the_same_work(name: str, tmp_path: Path) -> None:
    command = PEERS[name].command(Work("http://127.0.0.1:1", 1_000, 7, 25), tmp_path)
    text = " ".join(command) + "".join(path.read_text() for path in tmp_path.iterdir())

    assert "127.0.0.1:1" in text
    assert "7" in text
    if PEERS[name].holds_rate:
        assert "1000" in text or "-q 40" in text


def test_a_peer_that_is_not_known_is_refused() -> None:
    assert installed("") == []
    with pytest.raises(SystemExit, match="no peer siege: there are wrk2, hey"):
        installed("siege")
