"""Rules about what requests are made of and what is expected of answers: fields, feeders, expectations.

Law: between the name of a target or feeder and a colon or = stands what of it is wrong, because `/cookie: ...` reads
like a header whose value is a secret, and would be masked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import Problem
from loadgen.core.expectation import NEEDS_BODY
from loadgen.core.feeder import MOST_PACKED_BYTES, FeederPolicy
from loadgen.core.outcome import MOST_EXPECTATIONS
from loadgen.core.redact import Secret
from loadgen.plan.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from loadgen.core.config import Settings
    from loadgen.core.endpoint_setting import EndpointSetting
    from loadgen.core.feeder import Feeder


def check_requests(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield every rule about requests and answers that the settings break."""
    yield from _fields(settings)
    if settings.traceparent and settings.replay is not None:
        yield Problem(
            settings.label("traceparent"), None, "a trace that is replayed brings its own requests: leave it out"
        )
    if settings.traceparent_sampled is not None and not settings.traceparent:
        yield Problem(settings.label("traceparent_sampled"), None, "needs --traceparent")
    if kind is Kind.CAPACITY:
        for feeder in settings.feeders:
            if feeder.policy is FeederPolicy.ONCE:
                remedy = "a search has many steps, and no row would be left for them: use sequential or random"
                yield Problem(f"feeder {feeder.name}, policy", "once", remedy)
    size = sum(len(feeder.rows) for feeder in settings.feeders)
    if size > MOST_PACKED_BYTES:
        remedy = f"take {size:,} bytes even when packed, more than {MOST_PACKED_BYTES:,}: leave out rows or columns"
        yield Problem("feeders", ", ".join(feeder.name for feeder in settings.feeders), remedy)
    names = {item.name for endpoint in settings.endpoints for item in endpoint.expect}
    if len(names) > MOST_EXPECTATIONS:
        yield Problem("expect", f"{len(names)} names", f"a plan has at most {MOST_EXPECTATIONS} names of expectations")
    for endpoint in settings.endpoints:
        yield from _answers(endpoint)
    one_each = settings.no_keepalive or settings.requests_per_connection == 1
    if one_each and any(endpoint.follow or endpoint.cookies for endpoint in settings.endpoints):
        remedy = "redirects are followed, and cookies kept, on the connection that they came from: let it live longer"
        yield Problem("--no-keepalive", None, remedy)


def _answers(endpoint: EndpointSetting) -> Iterator[Problem]:
    where = f"target {endpoint.name}"
    if endpoint.method == "HEAD":
        for item in endpoint.expect:
            if item.rule in NEEDS_BODY:
                remedy = "an answer to HEAD has no body: ask with GET, or expect something else"
                yield Problem(f"{where}, expect", item.name, remedy)
    if endpoint.cookies and any(name.lower() == "cookie" for name, _ in endpoint.headers):
        remedy = "has a Cookie header and keeps cookies of its own: give one of the two"
        yield Problem(f"{where}, cookies", None, remedy)


def _fields(settings: Settings) -> Iterator[Problem]:
    templated = [endpoint for endpoint in settings.endpoints if endpoint.templated]
    if not templated:
        yield from _unused(settings.feeders)
        return
    if settings.replay is not None:
        yield Problem("--replay", None, "a trace brings its own requests, which have no fields")
        return
    from loadgen.plan.fill import Filling
    from loadgen.plan.form import form_of
    from loadgen.plan.model import Header, Target

    filling = Filling(settings.feeders, settings.seed)
    used: set[str] = set()
    for endpoint in templated:
        headers = tuple(Header(name, value) for name, value in endpoint.headers)
        try:
            form = form_of(Target(endpoint.name, endpoint.place, endpoint.method, headers, endpoint.body))
        except ValueError as error:
            yield Problem(f"target {endpoint.name}, fields", None, str(error))
            continue
        used |= form.feeders
        for slot in form.slots:
            if slot.field.kind.value == "cell" and slot.field.words[0] not in settings.unread_feeders:
                try:
                    filling.cells(slot)
                except ValueError as error:
                    yield Problem(f"target {endpoint.name}, fields", None, str(error))
        yield from _own_length(endpoint)
    yield from _unused(feeder for feeder in settings.feeders if feeder.name not in used)


def _unused(feeders: Iterable[Feeder]) -> Iterator[Problem]:
    return (Problem(f"feeder {feeder.name}, rows", None, "no request has a field of it") for feeder in feeders)


def _own_length(endpoint: EndpointSetting) -> Iterator[Problem]:
    for name, value in endpoint.headers:
        text = value.reveal() if isinstance(value, Secret) else value
        if name.lower() == "content-length":
            yield Problem(
                f"target {endpoint.name}, headers", None, f"Content-Length is counted for each request: remove {text!r}"
            )
