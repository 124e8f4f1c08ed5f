"""List the series of named metrics with their labels, whatever the profile reads of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from observer.cardinality import read_all
from observer.prom_source import PrometheusSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observer.source import Scraped, Source


async def list_series(source: Source, scraped: Scraped, names: Sequence[str], timeout_ns: int) -> list[dict[str, Any]]:
    """Return {endpoint, name, labels, value} of every series of the metrics; a Prometheus server is asked for each.

    Raises ScrapeError when the server does not answer.
    """
    if isinstance(source, PrometheusSource):
        answers = [item for name in names for item in await source.named(name, timeout_ns)]
        return [_entry(item.instance[1], item.series.name, item.series.labels, item.value) for item in answers]
    return [
        _entry(item.endpoint, item.series.name, item.series.labels, item.value)
        for item in read_all(scraped.pages)
        if item.series.name in names
    ]


def _entry(endpoint: str, name: str, labels: dict[str, str], value: float) -> dict[str, Any]:
    return {"endpoint": endpoint, "name": name, "labels": labels, "value": value}
