"""Trace contexts in requests: each its own, found again for what was slow or failed, and nothing at all when off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.messages import Final, Log
from loadgen.core.units import Rate
from loadgen.plan.model import Closed, Header, Stage, Target
from loadgen.worker.assemble import Place, assemble
from loadgen.worker.trace_memory import MOST_BLOCKS, TraceMemory
from tests.support.kernels import kernel as kernel
from tests.support.load_plans import S, check_identities, load_plan
from tests.support.servers import OK, FaultServer, answering

if TYPE_CHECKING:
    from tests.support.worker_process import WorkerProcess

CONTEXT = re.compile(rb"\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])\r\n")
BAD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def traced(url: str, share: str = "0") -> Target:
    return Target(
        "t", url, headers=(Header("traceparent", f"${{traceparent:{share}}}"),), expected=(2,), templated=True
    )


def contexts(server: FaultServer) -> list[tuple[bytes, bytes, bytes]]:
    found = [CONTEXT.search(request) for request in server.requests]
    assert all(found)
    return [(match[1], match[2], match[3]) for match in found if match]


def test_every_request_has_a_context_of_its_own(worker: WorkerProcess, kernel: str) -> None:
    with FaultServer(answering(OK)) as server:
        plan = load_plan(server.url, 200, 0.5, targets=(traced(server.url),))
        for _ in range(2):
            check_identities(worker.run(plan))
        seen = contexts(server)

    assert len(seen) == len({trace_id for trace_id, _, _ in seen}) == len({span for _, span, _ in seen}) == 200
    assert {flag for _, _, flag in seen} == {b"00"}, "nothing is sampled unless it is asked for"


def test_what_failed_and_what_was_slow_is_found_by_its_trace_id(worker: WorkerProcess, kernel: str) -> None:
    with FaultServer(answering(BAD)) as server:
        plan = load_plan(server.url, 100, 0.5, targets=(traced(server.url),))
        worker.prepare(plan, 0, 1)
        messages = run_and_listen(worker)
        sent = {trace_id.decode() for trace_id, _, _ in contexts(server)}

    logged = [message.fields for message in messages if isinstance(message, Log) and message.msg == "a failed request"]
    assert 0 < len(logged) <= 6
    assert {line["outcome"] for line in logged} == {"http_5xx"}
    assert {line["request_trace_id"] for line in logged} < sent
    final = messages[-1]
    assert isinstance(final, Final)
    slowest = final.host["slowest"]
    assert len(slowest) == 5
    assert {one["request_trace_id"] for one in slowest} <= sent
    assert [one["response_ms"] for one in slowest] == sorted((one["response_ms"] for one in slowest), reverse=True)
    assert final.host["unnoted"] == 50 - len(logged)


def run_and_listen(worker: WorkerProcess) -> list[object]:
    """Start what was prepared and return everything that the worker says until its final."""
    import time

    from loadgen.core.messages import Start

    worker.send(Start(time.monotonic_ns() + S // 20))
    heard: list[object] = []
    for message in worker.messages(20):
        heard.append(message)
        if isinstance(message, Final):
            return heard
    raise AssertionError("no final")


def test_a_closed_load_has_contexts_too(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        stages = (Stage(Rate(0, 1), 5 * S),)
        plan = load_plan(server.url, targets=(traced(server.url),), closed=Closed(0), requests=30, stages=stages)
        account = worker.run(plan)
        seen = {trace_id.decode() for trace_id, _, _ in contexts(server)}

    assert account.final is not None
    assert len(seen) == 30
    assert {one["request_trace_id"] for one in account.final.host["slowest"]} <= seen


def test_without_trace_contexts_the_way_of_a_request_is_the_same_as_ever() -> None:
    plain = assemble(load_plan("http://h/", targets=(Target("t", "http://h/"),)), Place(0, 1))
    other = Target("t", "http://h/${index}", templated=True)
    templated = assemble(load_plan("http://h/", targets=(other,)), Place(0, 1))

    assert (plain.requests, plain.recorder.noteworthy) == (None, None)
    assert templated.requests is not None
    assert (templated.requests.traces, templated.recorder.noteworthy) == (None, None)
    assert b"traceparent" not in plain.endpoints[0].request


def test_requests_carry_the_name_of_their_run() -> None:
    own = Target("own", "http://h/own", headers=(Header("x-loadgen-run", "mine"),))
    targets = (Target("t", "http://h/"), own)
    named = assemble(load_plan("http://h/", targets=targets, run_id="phase5-dev-1"), Place(0, 1)).endpoints
    unnamed = assemble(load_plan("http://h/", targets=targets), Place(0, 1)).endpoints

    assert b"\r\nUser-Agent: loadgen/" in named[0].request
    assert b"\r\nX-Loadgen-Run: phase5-dev-1\r\n" in named[0].request
    assert b"phase5-dev-1" not in named[1].request
    assert b"\r\nx-loadgen-run: mine\r\n" in named[1].request
    assert b"X-Loadgen-Run" not in unnamed[0].request


def test_the_memory_finds_the_number_of_a_due_time_and_forgets_the_oldest() -> None:
    memory = TraceMemory(lambda number: f"00-{number:032d}-0-00")
    memory.add([], [])
    memory.add([10, 20, 20, 30], [0, 2, 4, 6])
    memory.add([40, 50], [8, 10])

    assert [int(memory.trace_id(due)) for due in (10, 20, 30, 50)] == [0, 2, 6, 10]
    assert [memory.trace_id(due) for due in (5, 25, 45, 60)] == ["", "", "", ""]
    for block in range(MOST_BLOCKS):
        memory.add([100 + block], [100])
    assert memory.trace_id(10) == ""
    assert repr(memory) == f"<TraceMemory of {MOST_BLOCKS} blocks>"
