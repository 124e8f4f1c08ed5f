"""Find out what METRICS_URL is: an exposition endpoint, or the base URL of a Prometheus server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observer.scrape import ExpositionSource

if TYPE_CHECKING:
    from observer.binding import Binding
    from observer.source import Access, Scraped, Source


async def open_source(
    access: Access, binding: Binding, timeout_ns: int, returns_needed: int = 2
) -> tuple[Source, Scraped]:
    """Return the source and its first scrape; raise ScrapeError when neither kind answers."""
    exposition = ExpositionSource(access, binding, returns_needed)
    try:
        return exposition, await exposition.scrape(timeout_ns)
    except BaseException:
        await exposition.close()
        raise
