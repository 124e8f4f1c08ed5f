"""From redis.jsonl to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from loadgen.core.histogram import Histogram
from reports.loader.fields import Fields
from reports.loader.files import Unreadable
from reports.model.redis import Glance, Pings, Slow

if TYPE_CHECKING:
    from pathlib import Path

_COUNTS = ("sent", "answered", "timeouts", "failed", "disturbed", "held_up")


def read_glances(path: Path, complaints: list[str]) -> tuple[Glance, ...]:
    """Return the records in their order; a last line that was cut off is left out, any other bad one is a complaint.

    Raises Unreadable.
    """
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    found = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            complaints.append(f"line {number} is not JSON")
            continue
        if not isinstance(record, dict):
            complaints.append(f"line {number} is not an object")
            continue
        fields = Fields(record, f"line {number} ")
        found.append(_glance(fields))
        complaints += fields.complaints
    return tuple(found)


def _glance(fields: Fields) -> Glance:
    info = fields.below("info")
    told = {name: info.number(name) for name in info.names() if info.is_number(name)}
    numbers = {name: value for name, value in told.items() if value is not None}
    return Glance(
        label=fields.text("label"),
        number=fields.whole("sample"),
        at=fields.instant("ts"),
        address=fields.text("address"),
        ok=bool(fields.flag("ok")),
        trouble=fields.text("trouble"),
        pings=_pings(fields.below("ping")),
        reconnects=fields.whole("reconnects") or 0,
        figures=numbers,
        texts={name: text for name, text in fields.described("info").items() if name not in numbers},
        slow=_slow(fields.below("slow_log")) if fields.is_object("slow_log") else None,
        events=_events(fields.below("latency_events")) if fields.is_object("latency_events") else None,
    )


def _pings(fields: Fields) -> Pings:
    encoded = fields.text("histogram")
    times: Histogram | None = None
    if encoded:
        try:
            times = Histogram.decode(encoded)
        except ValueError:
            fields.complaints.append("a histogram of PINGs cannot be decoded")
    counts = {
        name: fields.whole(name) or 0 for name in ("sent", "answered", "timeouts", "failed", "disturbed", "held_up")
    }
    return Pings(**counts, times=times)


def _events(fields: Fields) -> dict[str, float]:
    highest = {name: fields.below(name).number("max_ms") for name in fields.names()}
    return {name: value for name, value in highest.items() if value is not None}


def _slow(fields: Fields) -> Slow:
    return Slow(
        new=fields.whole("new") or 0,
        by_command=fields.counts("by_command"),
        slowest_us=fields.number("slowest_us"),
        slowest_command=fields.text("slowest_command"),
    )
