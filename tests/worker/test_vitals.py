"""What a worker holds while it works."""

from __future__ import annotations

from dataclasses import dataclass, field

from loadgen.worker.vitals import Vitals

MS = 1_000_000


@dataclass
class Pool:
    """So many connections open, of which so many are busy;"""

    connections: set[object] = field(default_factory=set)
    in_flight: int = 0

    def busy(self) -> list[object]:
        return [object()] * self.in_flight

    def open(self, count: int) -> None:
        self.connections |= {object() for _ in range(count)}


def test_requests_in_flight_are_summed_over_time() -> None:
    pool = Pool()
    vitals = Vitals([pool, pool])
    vitals.start(1_000 * MS)
    vitals.look(900 * MS)
    pool.in_flight = 3
    vitals.look(1_020 * MS)
    pool.in_flight = 1
    vitals.look(1_030 * MS)

    assert vitals.to_body()["in_flight_ns"] == 2 * (3 * 20 + 1 * 10) * MS


def test_descriptors_are_those_of_the_moment_with_most_connections() -> None:
    pool = Pool()
    vitals = Vitals([pool])
    vitals.start(0)
    before = vitals.to_body()["descriptors"]
    pool.open(7)
    vitals.look(1)
    pool.connections.clear()
    vitals.look(2)

    assert vitals.to_body()["descriptors"] == before + 7
