"""The account of a service's whole life, from one scrape: what its counters say as they stand. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from observer.binding import Binding
from observer.columns import last_redis_failure_s, make_window, rss_mb
from observer.exposition import SeriesCache
from observer.series import EndpointAccount
from observer.snapshot import combine

if TYPE_CHECKING:
    from observer.columns import Reading
    from observer.series import EndpointState
    from observer.source import Scraped


def lifetime_window(reading: Reading, scraped: Scraped, now_s: float) -> dict[str, Any]:
    """Return the window from the service's start to a scrape made at `now_s` (Unix time).

    Its percentiles and ratios are over everything since the processes started, so they say little about any one
    moment; `elapsed_s` is since the newest process started, None where that is not shown.
    """
    pairs = [_from_nothing(reading, text) for _, text in scraped.pages]
    declared = scraped.snapshot.declared
    nothing, later = (replace(combine([pair[at] for pair in pairs], scraped.at_ns), declared=declared) for at in (0, 1))
    window = make_window(reading, nothing, later)
    starts = [start for start in scraped.snapshot.start_times if start is not None]
    elapsed_s = max(now_s - max(starts), 0.0) if starts else None
    return {
        **window,
        "elapsed_s": elapsed_s,
        # several instances of a Prometheus share a page here; what is of one process comes from their own accounts
        "rss_mb_last": rss_mb(reading, scraped.snapshot),
        "rss_mb_max": rss_mb(reading, scraped.snapshot),
        "redis_last_failure_s": last_redis_failure_s(reading, scraped.snapshot),
        "resets": None,
        "restarts": None,
    }


def _from_nothing(reading: Reading, text: str) -> tuple[EndpointState, EndpointState]:
    """Return the states of an account before its page, when every counter stood at 0, and after it."""
    binding = Binding(reading.profile)
    cache = SeriesCache(binding.wants)
    account = EndpointAccount(binding, cache.series)
    nothing = account.take(cache.new_page())
    return nothing, account.take(cache.parse(text))
