"""A LoadPlan into the pools of connections: where they go, by which way, and how many there are.

Law: endpoints of one origin share a pool, and origins share the connections by weight.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from loadgen.core.tls import client_context
from loadgen.net.connector import Connector
from loadgen.net.endpoint import Origin, parse_url
from loadgen.net.pool import Marks, Pool, PoolLimits
from loadgen.net.protocol import ReceiveBuffer
from loadgen.net.resolver import Resolver
from loadgen.net.way import Addresses, SocketFile, Way, tunnel_request
from loadgen.pace.schedule import split_evenly
from loadgen.plan.model import AddressFamily, LoadPlan

if TYPE_CHECKING:
    import ssl

    from loadgen.record.recorder import Recorder

AGENT = f"loadgen/{version('loadgen')}"
_FAMILIES = {AddressFamily.ANY: 0, AddressFamily.IPV4: socket.AF_INET, AddressFamily.IPV6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker of how many."""

    index: int
    count: int


def is_secure(url: str) -> bool:
    """Say whether a URL is https."""
    return parse_url(url)[0].secure


def build_pools(plan: LoadPlan, place: Place, recorder: Recorder) -> list[Pool]:
    """Return the pool of each target; raise ValueError when the plan's connections cannot be made."""
    origins = [parse_url(target.url)[0] for target in plan.targets]
    weights: dict[Origin, int] = {}
    for origin, target in zip(origins, plan.targets, strict=True):
        weights[origin] = weights.get(origin, 0) + target.weight
    share = split_evenly(plan.concurrency, place.index, place.count)
    capacities = divide_by_weight(share, list(weights.values()))
    context = _tls_context(plan) if any(origin.secure for origin in weights) else None
    buffer = ReceiveBuffer()
    marks = Marks(recorder.phases.connected, recorder.phases.in_parts)
    pools = {}
    for origin, capacity in zip(weights, capacities, strict=True):
        connector = _connector(plan, origin, context)
        limits = PoolLimits(
            capacity, plan.limits.timeout_ns, plan.limits.connection_life_ns, plan.route.requests_per_connection
        )
        pools[origin] = Pool(connector, limits, recorder.append, buffer, marks)
    return [pools[origin] for origin in origins]


def _connector(plan: LoadPlan, origin: Origin, context: ssl.SSLContext | None) -> Connector:
    tls = context if origin.secure else None
    return Connector(origin, _addresses(plan, origin), tls, plan.limits.timeout_ns, _way(plan, origin))


def _addresses(plan: LoadPlan, origin: Origin) -> Addresses:
    """Return where connections for an origin go: the socket, the proxy's addresses, or its own."""
    route = plan.route
    if route.unix_socket:
        return SocketFile(route.unix_socket)
    host, port = (origin.host, origin.port) if route.proxy is None else (route.proxy.host, route.proxy.port)
    return Resolver(host, port, _FAMILIES[plan.family], dict(plan.resolve).get(f"{host}:{port}", ""))


def _way(plan: LoadPlan, origin: Origin) -> Way:
    route = plan.route
    if route.proxy is None:
        return Way(server_name=route.server_name)
    tunnel = b""
    if origin.secure:
        secret = route.proxy.authorization
        tunnel = tunnel_request(origin, "" if secret is None else secret.reveal(), AGENT)
    return Way(proxied=True, tunnel=tunnel, server_name=route.server_name)


def divide_by_weight(amount: int, weights: list[int]) -> list[int]:
    """Divide connections in proportion to weights, at least one each: the largest remainders get the rest.

    Raises ValueError when there are fewer than one for each.
    """
    if amount < len(weights):
        raise ValueError(f"{amount} connections in this worker for {len(weights)} origins: raise the concurrency")
    rest, total = amount - len(weights), sum(weights)
    parts = [1 + rest * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(rest * weights[i] % total))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _tls_context(plan: LoadPlan) -> ssl.SSLContext:
    tls = plan.tls
    key = tls.key_pem.reveal().encode() if tls.key_pem is not None else b""
    return client_context(tls.ca_pem, tls.cert_pem, key, verify=tls.verify, password=tls.key_password)
