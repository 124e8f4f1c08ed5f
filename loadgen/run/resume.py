"""May an interrupted run go on, and as what: the questions behind `--resume`, asked before anything is sent.

Laws: only a run that did not come to its end goes on; one that the breaker ended stays ended; what is asked for must be
what was asked for, and everything that differs is named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.metadata import Status, read_metadata
from loadgen.core.redact import MASK
from loadgen.core.units import Rate, format_duration
from loadgen.plan.model import Kind
from loadgen.run.document import described
from loadgen.run.earlier import Earlier, read_earlier
from loadgen.run.lock import Holder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.core.metadata import Document
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan

_KEY = "--resume"
_KINDS = (Kind.RUN, Kind.BASELINE, Kind.EXTENDED, Kind.FALLBACK_SCENARIO)
_ENDED = {
    Status.COMPLETED: "this run is complete; there is nothing to go on with",
    Status.ABORTED_CIRCUIT_BREAKER: "the circuit breaker ended this run; find out why, then start a new one",
}
_FREE = frozenset({"notes", "after_trip", "expected", "skip_ns", "run_id"})
"""What may differ: it says nothing about the load, or preflight finds it anew."""
_RATE = {"count", "per_ns"}


def resume(place: RunDirectory, plan: Plan) -> tuple[Plan, Earlier]:
    """Return the plan as it goes on in `place`, and the part before; raise InputError with every reason against it."""
    try:
        document = read_metadata(place.metadata)
    except LoadgenError as error:
        raise InputError([Problem(_KEY, str(place.path), str(error))]) from error
    if problems := list(_objections(place, document, plan)):
        raise InputError(problems)
    try:
        earlier = read_earlier(place, document, plan.load)
    except (LoadgenError, ValueError, OSError) as error:
        raise InputError([Problem(_KEY, str(place.path), str(error))]) from error
    return replace(plan, load=replace(plan.load, skip_ns=earlier.skip_ns)), earlier


def _objections(place: RunDirectory, document: Document, plan: Plan) -> Iterator[Problem]:
    status, supervisor = document["status"], document["supervisor"]
    if status in _ENDED:
        yield Problem(_KEY, str(place.path), _ENDED[Status(status)])
        return
    if status == Status.RUNNING and supervisor and supervisor.get("started") is not None:
        holder = Holder(int(supervisor["pid"]), float(supervisor["started"]), "")
        if holder.alive():
            yield Problem(_KEY, str(place.path), f"this run is still under way (pid {holder.pid})")
            return
    if plan.kind not in _KINDS:
        yield Problem(_KEY, str(place.path), f"a {plan.kind.value} cannot be gone on with this way")
    if plan.load.closed is not None and plan.load.requests is not None:
        yield Problem(_KEY, str(place.path), "a closed load of a number of requests has no place to go on from")
    for name, was, now in _differences(document["plan"] or {}, described(plan)):
        yield Problem(_KEY, name, f"was {was!r}, is {now!r}: give what the run was started with")


def _differences(was: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield what differs, by its place in the plan; a secret may have been renewed."""
    if isinstance(was, dict) and isinstance(now, dict) and was.keys() == now.keys() == _RATE:
        if was != now:
            yield name, str(Rate(**was)), str(Rate(**now))
    elif isinstance(was, dict) and isinstance(now, dict):
        yield from _between(was, now, name)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(one, other, f"{name}[{number}]")
    elif was != now and MASK not in f"{was}{now}":
        if name.endswith("_ns") and isinstance(was, int) and isinstance(now, int):
            was, now = format_duration(was), format_duration(now)
        yield name, was, now


def _between(was: Mapping[str, Any], now: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any, Any]]:
    for key in [*was, *(key for key in now if key not in was)]:
        if key not in _FREE:
            yield from _differences(was.get(key), now.get(key), f"{name}.{key}".lstrip("."))
