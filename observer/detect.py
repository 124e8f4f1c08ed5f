"""Find out what METRICS_URL is: an exposition endpoint, or the base URL of a Prometheus server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observer.prom_source import PrometheusSource
from observer.scrape import ExpositionSource
from observer.source import ScrapeError

if TYPE_CHECKING:
    from observer.binding import Binding
    from observer.source import Access, Scraped, Source


async def open_source(access: Access, binding: Binding, timeout_ns: int) -> tuple[Source, Scraped]:
    """Return the source and its first scrape.

    An address that answers something other than an exposition is asked as a Prometheus server. Raises the ScrapeError
    of the exposition when it is none either, that of the server when it is one.
    """
    exposition = ExpositionSource(access, binding)
    try:
        return exposition, await exposition.scrape(timeout_ns)
    except ScrapeError as error:
        await exposition.close()
        if not error.other or len(access.urls) > 1 or not await _is_prometheus(access, binding, timeout_ns):
            raise error from None
    server = PrometheusSource(access, binding)
    try:
        return server, await server.scrape(timeout_ns)
    except BaseException:
        await server.close()
        raise


async def _is_prometheus(access: Access, binding: Binding, timeout_ns: int) -> bool:
    server = PrometheusSource(access, binding)
    try:
        await server.ask("vector(1)", timeout_ns)
    except ScrapeError:
        return False
    finally:
        await server.close()
    return True
