"""A LoadPlan into the plain arguments of pace, net and record: the one place where the four packages meet."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING

from loadgen.core.histogram import histogram_max_ns
from loadgen.core.redact import Redactor, Secret
from loadgen.net.endpoint import Endpoint, build_request, expected_classes
from loadgen.pace.build import peak_per_s, schedule_of
from loadgen.pace.schedule import Share
from loadgen.pace.wakeup import CatchUp
from loadgen.plan.identity import RUN_HEADER
from loadgen.plan.model import Header, Late, LoadPlan, Pacing, Route, Target
from loadgen.plan.sequence import Mix
from loadgen.plan.token import with_token
from loadgen.record.layout import code_of
from loadgen.record.noteworthy import Noteworthy
from loadgen.record.recorder import Recorder
from loadgen.worker.checks import expectation_names, put_checks
from loadgen.worker.closed import Slots
from loadgen.worker.engine import Parts
from loadgen.worker.replay import ReplayedRequests
from loadgen.worker.requests import Requests, with_tokens
from loadgen.worker.ways import AGENT, Place, build_pools, is_secure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Place", "assemble", "redactor_of", "renew_token"]


def assemble(plan: LoadPlan, place: Place) -> Parts:
    """Build everything an engine needs; raise ValueError, in words for the user, when the plan cannot be run."""
    names = [target.name for target in plan.targets]
    recorder = Recorder(names, histogram_max_ns(plan.limits.timeout_ns), expectation_names(plan))
    trace = None if plan.replay is None else ReplayedRequests(plan.replay)
    endpoints = _endpoints(plan, trace)
    busiest_per_s = peak_per_s(plan) / place.count
    most = int(busiest_per_s * plan.limits.catch_up)
    pools = build_pools(plan, place, recorder)
    put_checks(plan, endpoints, pools)
    sizes = _request_bytes(plan, endpoints, trace)
    templated = any(target.templated for target in plan.targets)
    requests = Requests(plan, endpoints, sizes, time_ns() - monotonic_ns()) if templated else None
    if requests is not None and requests.traces is not None:
        recorder.noteworthy = Noteworthy(requests.traces.trace_id)
    return Parts(
        share=Share(schedule_of(plan), place.index, place.count),
        mix=trace or Mix([target.weight for target in plan.targets], plan.seed),
        endpoints=endpoints,
        pools=pools,
        recorder=recorder,
        precise=plan.pacing is Pacing.PRECISE,
        catch_up=CatchUp(max(1, most)) if plan.limits.catch_up else None,
        drop_late=plan.limits.late is Late.DROP,
        slots=_slots(plan, place),
        request_bytes=sizes,
        requests=requests,
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
    proxy = plan.route.proxy
    values += [plan.tls.key_pem or "", plan.tls.key_password or "", plan.bearer or ""]
    values.append("" if proxy is None else proxy.authorization or "")
    return Redactor([value for value in values if isinstance(value, Secret)])


def _endpoints(plan: LoadPlan, trace: ReplayedRequests | None) -> list[Endpoint]:
    """Return what arrivals choose from: the targets, or the requests of a trace, each recorded under its target."""
    if trace is None:
        return [_endpoint(number, target, plan) for number, target in enumerate(plan.targets)]
    return [
        _endpoint(group, replace(plan.targets[group], method=method, url=url), plan)
        for group, method, url in trace.requests
    ]


def renew_token(plan: LoadPlan, endpoints: Sequence[Endpoint], token: Secret) -> LoadPlan:
    """Put another token into the requests that carry the plan's, and return the plan that has it.

    A request that is under way keeps the one that it was sent with.
    """
    if plan.bearer is None:
        raise ValueError("a token came for a plan that has none")
    renewed = with_token(plan, token)
    trace = None if plan.replay is None else ReplayedRequests(plan.replay)
    for endpoint, fresh in zip(endpoints, _endpoints(renewed, trace), strict=True):
        endpoint.request = fresh.request
    return renewed


def _endpoint(number: int, target: Target, plan: LoadPlan) -> Endpoint:
    if target.templated:
        target = with_tokens(target)
    headers = [(header.name, _reveal(header)) for header in target.headers]
    given = {header.name.lower() for header in target.headers}
    if plan.run_id and RUN_HEADER.lower() not in given:
        headers.append((RUN_HEADER, plan.run_id))
    headers += _headers_of_route(plan.route, target.url, given)
    whole = plan.route.proxy is not None and not is_secure(target.url)
    return Endpoint(
        number=number,
        base=code_of(number, 0),
        request=build_request(target.method, target.url, headers, target.body, AGENT, whole=whole),
        is_head=target.method == "HEAD",
        expected=expected_classes(target.expected),
        whole=whole,
    )


def _headers_of_route(route: Route, url: str, given: set[str]) -> list[tuple[str, str]]:
    """Return what the way asks for: a server that is told to close does, and a proxy knows us by its own header."""
    headers = []
    if route.requests_per_connection == 1 and "connection" not in given:
        headers.append(("Connection", "close"))
    proxy = route.proxy
    if proxy is not None and proxy.authorization is not None and not is_secure(url):
        headers.append(("Proxy-Authorization", proxy.authorization.reveal()))
    return headers


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
