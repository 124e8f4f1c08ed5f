"""From a recorded trace to what a plan holds of it: packed due times and requests, and targets that group them.

Laws: due time = recorded time / speed, rounded down to the ns; every request belongs to exactly one target; there are
at most `MOST_GROUPS` targets, because each has a histogram of its own.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from sys import byteorder
from typing import TYPE_CHECKING

from loadgen.core.endpoint_setting import EndpointSetting
from loadgen.core.errors import InputError, Problem
from loadgen.core.shape import Replay, Stage
from loadgen.core.units import NS_PER_S, Rate
from loadgen.plan.mix import below, resolve_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction

    from loadgen.core.config import Settings
    from loadgen.core.trace import Trace
    from loadgen.plan.model import Kind

MOST_GROUPS = 40
MOST_BYTES = 5_000_000
"""A plan travels to each worker as one line of at most 8 MiB."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OTHER = "other"
_DEPTHS = (None, 3, 2, 1)
"""How many leading segments of a path name a group, None for all of it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a trace makes of a plan; `stage` stands for it wherever a mean rate and a duration are asked for."""

    replay: Replay
    stage: Stage
    endpoints: tuple[EndpointSetting, ...]
    notes: tuple[str, ...]


def replayed_by(settings: Settings, base_url: str) -> Replayed | None:
    """Return what the settings' trace makes of a plan, None without one; see `check_replay` for what must hold.

    Raises InputError when it is too much for the link to the workers.
    """
    trace, most = settings.replay, settings.requests
    if trace is None:
        return None
    given = settings.endpoints[0] if settings.endpoints else EndpointSetting("", "")
    prefix = below(resolve_place(base_url, given.place), "")
    dues = dues_of(trace, settings.speed, most)
    endpoints, groups = groups_of(trace, most)
    try:
        replay = replay_of(trace, dues, groups, prefix, settings.speed)
    except ValueError as error:
        raise InputError([Problem(settings.label("replay"), None, str(error))]) from error
    placed = tuple(
        replace(
            item,
            place=prefix + item.place,
            headers=given.headers,
            expect=given.expect,
            follow=given.follow,
            cookies=given.cookies,
        )
        for item in endpoints
    )
    left_out = f"lines of the trace that are left out because they hold no HTTP request: {trace.skipped}"
    return Replayed(replay, stage_of(dues), placed, (left_out,) if trace.skipped else ())


def check_replay(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield every rule about a replay that the settings break."""
    trace, label = settings.replay, settings.label("replay")
    if trace is None:
        if settings.speed != 1:
            yield Problem(settings.label("speed"), None, "only a trace has a speed: add --replay FILE")
        return
    given = settings.endpoints
    if len(given) > 1 or any(item.method != "GET" or item.body for item in given):
        yield Problem(label, None, "a trace brings its own requests: give one URL, without --method or --body")
    if settings.profile == "production":
        changing = sum(trace.requests[pick][0] not in SAFE_METHODS for pick in trace.picks)
        if changing:
            remedy = f"{changing} of its requests may change data: production replays GET, HEAD and OPTIONS only"
            yield Problem(label, None, remedy)


def dues_of(trace: Trace, speed: Fraction, most: int | None = None) -> list[int]:
    """Return the due times of a trace's first `most` entries at a speed."""
    return [at_ns * speed.denominator // speed.numerator for at_ns in trace.at_ns[:most]]


def stage_of(dues: Sequence[int]) -> Stage:
    """Return the stage that stands for a replay: its mean rate, over at least a second."""
    duration_ns = max(dues[-1] + 1, NS_PER_S)
    return Stage(Rate(len(dues), duration_ns), duration_ns)


def peak_of(dues: Sequence[int]) -> Rate:
    """Return the highest number of arrivals within any second."""
    most = first = 0
    for number, due in enumerate(dues):
        while dues[first] <= due - NS_PER_S:
            first += 1
        most = max(most, number + 1 - first)
    return Rate(most, NS_PER_S)


def groups_of(trace: Trace, most: int | None = None) -> tuple[tuple[EndpointSetting, ...], tuple[int, ...]]:
    """Return an endpoint for each group of requests, and the group of each request of the trace.

    Requests are grouped by method and path without query, or by as many leading segments of the path as keep the
    number of groups within `MOST_GROUPS`; what is still too many is one group. A group's endpoint asks for its first
    request, and weighs as many entries as it has.
    """
    counts = Counter(trace.picks[:most])
    namings = ([_name(method, path, depth) for method, path in trace.requests] for depth in _DEPTHS)
    names = next((names for names in namings if len(set(names)) <= MOST_GROUPS), None)
    names = names or [_name(method, path, _DEPTHS[-1]) for method, path in trace.requests]
    sizes: Counter[str] = Counter()
    for number, count in counts.items():
        sizes[names[number]] += count
    kept = {name for name, _ in sizes.most_common(MOST_GROUPS if len(sizes) <= MOST_GROUPS else MOST_GROUPS - 1)}
    names = [name if name in kept else _OTHER for name in names]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    weights = Counter(order[names[number]] for number in trace.picks[:most])
    endpoints = []
    for name, number in order.items():
        method, path = trace.requests[names.index(name)]
        endpoints.append(EndpointSetting(name, path, method, weight=max(1, weights[number])))
    return tuple(endpoints), tuple(order[name] for name in names)


def replay_of(trace: Trace, dues: Sequence[int], groups: Sequence[int], prefix: str, speed: Fraction) -> Replay:
    """Return what a plan holds of a trace; raise ValueError when it is too much for the link to the workers."""
    requests = [[group, method, path] for group, (method, path) in zip(groups, trace.requests, strict=True)]
    replay = Replay(
        dues=pack_numbers(dues),
        picks=pack_numbers(trace.picks[: len(dues)]),
        requests=zlib.compress(json.dumps(requests, separators=(",", ":")).encode()),
        prefix=prefix,
        peak=peak_of(dues),
        speed=f"{float(speed):g}",
    )
    size = len(replay.dues) + len(replay.picks) + len(replay.requests)
    if size > MOST_BYTES:
        raise ValueError(f"takes {size:,} bytes even when packed, more than {MOST_BYTES:,}: cut it into parts")
    return replay


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Return the differences of some numbers, the first one from 0, as compressed little-endian 64-bit integers."""
    differences = array("q", (after - before for before, after in pairwise((0, *numbers))))
    if byteorder == "big":
        differences.byteswap()
    return zlib.compress(differences.tobytes())


def _name(method: str, path: str, segments: int | None) -> str:
    plain = path.partition("?")[0]
    parts = plain.split("/")
    if segments is not None and len(parts) > segments + 1:
        plain = "/".join(parts[: segments + 1]) + "/…"
    return plain if method == "GET" else f"{method} {plain}"
