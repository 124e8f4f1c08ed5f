"""A query's course from a Prometheus server, as CSV.

Laws: one line for each series and step, in time order; a step without a value has no line; nothing is interpolated.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import iso_utc
from observer.fetch import Fetcher
from observer.prom_query import Server
from observer.prom_source import answer_of
from observer.source import ScrapeError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observer.source import Access

COLUMNS = ("timestamp", "series", "value")


async def query_range(access: Access, promql: str, span: tuple[float, float, float], timeout_ns: int) -> str:
    """Return the CSV of a range query; `span` is its start and end (Unix seconds) and step in s.

    Raises ScrapeError when the server does not answer, refuses the query or has no value in the span.
    """
    server, fetcher = Server.parse(access.urls[0]), Fetcher(access)
    start_s, end_s, step_s = span
    form = {"query": promql, "start": f"{start_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s:g}"}
    try:
        body = await fetcher.post(server.address("query_range"), form, timeout_ns)
    finally:
        await fetcher.close()
    place = shown(access.urls[0])
    rows = _rows(answer_of(place, body.text))
    if not rows:
        raise ScrapeError(f"{place} has no value of {promql} in this span", "check the query and the span")
    return _csv(rows)


def _rows(data: Mapping[str, Any]) -> list[tuple[float, str, str]]:
    try:
        if data["resultType"] != "matrix":
            raise ValueError(f"a {data['resultType']} where a matrix was expected")
        found = [
            (float(at), _named(item["metric"]), str(value)) for item in data["result"] for at, value in item["values"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ScrapeError(f"the Prometheus server's answer cannot be read: {error}") from error
    return sorted(found, key=lambda row: row[:2])


def _named(metric: Mapping[str, str]) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(metric.items()) if name != "__name__")
    return f"{metric.get('__name__', '')}{{{labels}}}" if labels else metric.get("__name__", "") or "{}"


def _csv(rows: list[tuple[float, str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((iso_utc(datetime.fromtimestamp(at, UTC)), series, value) for at, series, value in rows)
    return text.getvalue()
