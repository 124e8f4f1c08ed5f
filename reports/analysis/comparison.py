"""The same percentiles seen from both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from reports.model.client import Client
    from reports.model.server import Bounds, ServerWindow

_NAMES = (("p50", 50.0), ("p90", 90.0), ("p95", 95.0), ("p99", 99.0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One percentile: the client's response and service time and the server's own figure, all in s.

    `outside_s` is the client's service time less the server's figure: network, queues before the handler, and the
    coarseness of the server's buckets.
    """

    name: str
    response_s: float | None
    service_s: float | None
    server: Bounds | None
    outside_s: float | None


def compare(client: Client, window: ServerWindow | None) -> tuple[Comparison, ...]:
    """Return p50 to p99 from both sides; empty when neither side has any."""
    lines = tuple(_line(client, window, name, quantile) for name, quantile in _NAMES)
    return lines if any(line.response_s is not None or line.server is not None for line in lines) else ()


def _line(client: Client, window: ServerWindow | None, name: str, quantile: float) -> Comparison:
    response, service = _seconds(client, "response", quantile), _seconds(client, "service", quantile)
    server = window.percentiles.get(name) if window else None
    own = server.value_s if server else None
    outside = service - own if service is not None and own is not None else None
    return Comparison(name, response, service, server, outside)


def _seconds(client: Client, clock: str, quantile: float) -> float | None:
    histogram = client.clocks.get(clock)
    return histogram.percentile(quantile) / NS_PER_S if histogram is not None and histogram.total else None
