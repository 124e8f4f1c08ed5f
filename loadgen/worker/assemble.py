"""A LoadPlan into the plain arguments of pace, net and record: the one place where the four packages meet."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from loadgen.core.histogram import histogram_max_ns
from loadgen.core.redact import Redactor, Secret
from loadgen.core.tls import client_context
from loadgen.net.connector import Connector
from loadgen.net.endpoint import Endpoint, Origin, build_request, expected_classes, parse_url
from loadgen.net.pool import Pool, PoolLimits
from loadgen.net.protocol import ReceiveBuffer
from loadgen.net.resolver import Resolver
from loadgen.pace.build import peak_per_s, schedule_of
from loadgen.pace.schedule import Share, split_evenly
from loadgen.pace.wakeup import CatchUp
from loadgen.plan.model import AddressFamily, Header, Late, LoadPlan, Pacing, Target
from loadgen.record.layout import code_of
from loadgen.record.recorder import Recorder
from loadgen.worker.closed import Slots
from loadgen.worker.engine import Parts
from loadgen.worker.mix import Mix
from loadgen.worker.replay import ReplayedRequests

if TYPE_CHECKING:
    import ssl

_FAMILIES = {AddressFamily.ANY: 0, AddressFamily.IPV4: socket.AF_INET, AddressFamily.IPV6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker of how many."""

    index: int
    count: int


def assemble(plan: LoadPlan, place: Place) -> Parts:
    """Build everything an engine needs; raise ValueError, in words for the user, when the plan cannot be run."""
    recorder = Recorder([target.name for target in plan.targets], histogram_max_ns(plan.limits.timeout_ns))
    trace = None if plan.replay is None else ReplayedRequests(plan.replay)
    endpoints = _endpoints(plan, trace)
    busiest_per_s = peak_per_s(plan) / place.count
    most = int(busiest_per_s * plan.limits.catch_up)
    return Parts(
        share=Share(schedule_of(plan), place.index, place.count),
        mix=trace or Mix([target.weight for target in plan.targets], plan.seed),
        endpoints=endpoints,
        pools=_pools(plan, place, recorder),
        recorder=recorder,
        precise=plan.pacing is Pacing.PRECISE,
        catch_up=CatchUp(max(1, most)) if plan.limits.catch_up else None,
        drop_late=plan.limits.late is Late.DROP,
        slots=_slots(plan, place),
        request_bytes=_request_bytes(plan, endpoints, trace),
    )


def _slots(plan: LoadPlan, place: Place) -> Slots | None:
    """Return this worker's slots of a closed load; they begin spread over the first think time."""
    if plan.closed is None:
        return None
    think_ns, most = plan.closed.think_ns, plan.requests
    own = range(place.index, plan.concurrency, place.count)
    return Slots(
        begins_ns=tuple(think_ns * number // plan.concurrency for number in own),
        think_ns=think_ns,
        duration_ns=sum(stage.duration_ns for stage in plan.stages) - plan.skip_ns,
        most=None if most is None else len(range(place.index, most, place.count)),
    )


def redactor_of(plan: LoadPlan) -> Redactor:
    """Return a redactor that knows the plan's secrets."""
    values = [header.value for target in plan.targets for header in target.headers]
    secrets = [value for value in values if isinstance(value, Secret)]
    if plan.tls.key_pem is not None:
        secrets.append(plan.tls.key_pem)
    return Redactor(secrets)


def _endpoints(plan: LoadPlan, trace: ReplayedRequests | None) -> list[Endpoint]:
    """Return what arrivals choose from: the targets, or the requests of a trace, each recorded under its target."""
    if trace is None:
        return [_endpoint(number, target) for number, target in enumerate(plan.targets)]
    return [
        _endpoint(group, replace(plan.targets[group], method=method, url=url)) for group, method, url in trace.requests
    ]


def _endpoint(number: int, target: Target) -> Endpoint:
    headers = [(header.name, _reveal(header)) for header in target.headers]
    return Endpoint(
        number=number,
        base=code_of(number, 0),
        request=build_request(target.method, target.url, headers, target.body, f"loadgen/{version('loadgen')}"),
        is_head=target.method == "HEAD",
        expected=expected_classes(target.expected),
    )


def _request_bytes(plan: LoadPlan, endpoints: list[Endpoint], trace: ReplayedRequests | None) -> list[float]:
    """Return the size of a request of each target; of a trace's group the mean, since its requests differ."""
    if trace is None:
        return [len(endpoint.request) for endpoint in endpoints]
    sizes, counts = [0] * len(plan.targets), [0] * len(plan.targets)
    for endpoint, count in zip(endpoints, trace.counts, strict=True):
        sizes[endpoint.number] += len(endpoint.request) * count
        counts[endpoint.number] += count
    return [size / max(1, count) for size, count in zip(sizes, counts, strict=True)]


def _reveal(header: Header) -> str:
    return header.value.reveal() if isinstance(header.value, Secret) else header.value


def _pools(plan: LoadPlan, place: Place, recorder: Recorder) -> list[Pool]:
    """Return the pool of each endpoint; endpoints of one origin share a pool, origins share by weight."""
    origins = [parse_url(target.url)[0] for target in plan.targets]
    weights: dict[Origin, int] = {}
    for origin, target in zip(origins, plan.targets, strict=True):
        weights[origin] = weights.get(origin, 0) + target.weight
    share = split_evenly(plan.concurrency, place.index, place.count)
    capacities = divide_by_weight(share, list(weights.values()))
    context = _tls_context(plan) if any(origin.secure for origin in weights) else None
    buffer = ReceiveBuffer()
    pools = {}
    for origin, capacity in zip(weights, capacities, strict=True):
        fixed = dict(plan.resolve).get(f"{origin.host}:{origin.port}", "")
        resolver = Resolver(origin.host, origin.port, _FAMILIES[plan.family], fixed)
        connector = Connector(origin, resolver, context if origin.secure else None, plan.limits.timeout_ns)
        limits = PoolLimits(capacity, plan.limits.timeout_ns, plan.limits.connection_life_ns)
        pools[origin] = Pool(connector, limits, recorder.append, buffer)
    return [pools[origin] for origin in origins]


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
    return client_context(tls.ca_pem, tls.cert_pem, key, verify=tls.verify)
