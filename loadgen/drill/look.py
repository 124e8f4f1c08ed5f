"""One look at the metrics of a service, through the observer, which is a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.drill.processes import ask_observer
from loadgen.drill.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.redact import Secret

_SCRAPE_S = 10.0
_OVERHEAD_S = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the metrics are and how they are read; `header` is the whole `Name: value`."""

    urls: tuple[str, ...]
    metric_profile: str = "metasheet"
    header: Secret | None = None


async def look(source: Source, names: Sequence[str]) -> Snapshot:
    """Return what the service shows now, with every series of `names`; raise LoadgenError when it cannot be read."""
    arguments = ["--profile", source.metric_profile, "--timeout", f"{_SCRAPE_S:g}"]
    arguments += [word for url in source.urls for word in ("--metrics-url", url)]
    arguments += [word for name in names for word in ("--series", name)]
    header = "" if source.header is None else source.header.reveal()
    found = await ask_observer(tuple(arguments), header, _SCRAPE_S + _OVERHEAD_S)
    series: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for item in found.get("series", ()):
        key = (str(item["name"]), frozenset(item["labels"].items()))
        series[key] = series.get(key, 0.0) + float(item["value"])
    return Snapshot(monotonic_ns(), utc_now().timestamp(), dict(found["counters"]), series)
