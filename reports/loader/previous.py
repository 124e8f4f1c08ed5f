"""From a saved baseline to the figures that a report sets beside its own.

Law: a baseline that cannot be read never keeps a report from being made; the report says why it is not there.
"""

from __future__ import annotations

from pathlib import Path

from loadgen.core.errors import LoadgenError
from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_S
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.model.previous import Previous

LATEST = Path("baseline", "phase5-baseline.json")
PLAN = ("kind", "profile", "environment", "base_url", "rate", "concurrency", "workers", "duration_seconds", "samples")
_SHARES = ("error", "effective_fallback", "raw_fallback", "cache_hit")
_PERCENTILES = {"p95_client": 95.0, "p99_client": 99.0}


def find_previous(named: Path | None, run: str) -> Previous | None:
    """Return the baseline that was named, or the last one saved below the current directory.

    None where none is saved, or where it was made of this very run. Raises LoadgenError when the one that was named is
    not there.
    """
    if named is not None and not named.exists():
        raise LoadgenError(f"{named}: there is no such baseline; leave --baseline out to do without one")
    path = named or LATEST
    found = read_previous(path) if path.exists() else None
    return None if found is None or found.name == run else found


def read_previous(path: Path) -> Previous:
    """Return the baseline saved at `path`; what is wrong with it stands in `complaints`."""
    try:
        fields = Fields(read_object(path))
    except Unreadable as error:
        return Previous(path.name, str(path), complaints=(str(error),))
    head, run, server = fields.below("baseline"), fields.below("run"), fields.below("server")
    figures = {**_shares(server.below("shares")), **_client(fields.below("client"))}
    for key, name in (("p95_server", "p95"), ("p99_server", "p99")):
        value = server.below("percentiles").below(name).number("value")
        if value is not None:
            figures[key] = value
    memory = _memory(server)
    if memory is not None:
        figures["memory"] = memory
    return Previous(
        name=head.text("source") or path.stem,
        source=str(path),
        started=run.instant("started"),
        figures=figures,
        plan={name: text for name in PLAN if (text := run.text(name))},
        host=run.described("fingerprint"),
        complaints=tuple(dict.fromkeys(fields.complaints)),
    )


def _shares(fields: Fields) -> dict[str, float]:
    found = {}
    for name in _SHARES:
        events, total = fields.below(name).number("events"), fields.below(name).number("of")
        if events is not None and total:
            found[name] = events / total * 100
    return found


def _client(fields: Fields) -> dict[str, float]:
    """Return the percentiles of the merged response times, nothing when one block of them is damaged."""
    merged: Histogram | None = None
    for at, item in enumerate(fields.each("blocks")):
        try:
            histogram = Histogram.decode(item.text("response"))
        except ValueError:
            fields.complaints.append(f"client.blocks[{at}] is damaged; no latency of this file is used")
            return {}
        if merged is not None and len(merged.counts) > len(histogram.counts):
            merged.add(histogram)
            continue
        if merged is not None:
            histogram.add(merged)
        merged = histogram
    if merged is None or not merged.total:
        return {}
    return {key: merged.percentile(q) / NS_PER_S for key, q in _PERCENTILES.items()}


def _memory(server: Fields) -> float | None:
    known = [value for row in server.each("rows") if (value := row.below("values").number("rss_mb")) is not None]
    return sum(known) / len(known) if known else None
