"""Look at the metrics once, or a few times in a row over new connections: what feeds what, and is it one process?"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import utc_now
from observer.assemble import access_of, describe
from observer.binding import Binding
from observer.cardinality import crowds, read_all
from observer.columns import Reading, make_window
from observer.detect import open_source
from observer.ledger import Ledger
from observer.lifetime import lifetime_window
from observer.listing import list_series
from observer.loop import SEVERAL_HINT
from observer.masking import mask_texts, redactor_for
from observer.profile_file import load_profile
from observer.source import ScrapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.messages import ObservePlan
    from observer.cardinality import Crowd
    from observer.profile import Profile
    from observer.snapshot import Snapshot
    from observer.source import Scraped, Source

PAUSE_S = 0.2


async def observe_once(
    plan: ObservePlan, times: int, pause_s: float = PAUSE_S, series: Sequence[str] = ()
) -> dict[str, Any]:
    """Scrape `times` times and return what was found; a failure is `ok` False with `error` and `hint`.

    `series` names metrics whose series are listed with their labels. A process that changes, or counters that fall,
    within these moments mean several processes behind one address.
    Raises InputError for a bad profile, address or header.
    """
    return mask_texts(redactor_for(plan), await _look(plan, times, pause_s, series))


async def _look(plan: ObservePlan, times: int, pause_s: float, series: Sequence[str]) -> dict[str, Any]:
    profile = await asyncio.to_thread(load_profile, plan.profile, plan.profile_text)
    access = access_of(plan)
    try:
        source, first = await open_source(access, Binding(profile), plan.scrape_timeout_ns)
    except ScrapeError as error:
        return _failed(error)
    try:
        scrapes = [first]
        for _ in range(times - 1):
            await asyncio.sleep(pause_s)
            scrapes.append(await source.scrape(plan.scrape_timeout_ns))
        listed = await list_series(source, scrapes[-1], series, plan.scrape_timeout_ns)
    except ScrapeError as error:
        return _failed(error) | {"mode": source.mode}
    finally:
        await source.close()
    return _found(profile, source, scrapes, plan) | {"series": listed}


def _found(profile: Profile, source: Source, scrapes: list[Scraped], plan: ObservePlan) -> dict[str, Any]:
    reading = Reading(profile, plan.count_cache_miss)
    first, last = scrapes[0].snapshot, scrapes[-1].snapshot
    several = _several([scraped.snapshot for scraped in scrapes])
    return {
        "ok": not several,
        "error": f"several processes answer behind one URL: {several}" if several else "",
        "hint": SEVERAL_HINT if several else "",
        **describe(profile, source, scrapes[-1]),
        "times": len(scrapes),
        "several_processes": bool(several),
        "start_times": sorted({t for scraped in scrapes for t in scraped.snapshot.start_times if t is not None}),
        "crowded_labels": [asdict(crowd) for crowd in _crowds(scrapes[-1], plan.label_limit)],
        "counters": Ledger(reading).counters(last),
        "window": make_window(reading, first, last),
        "lifetime": lifetime_window(reading, scrapes[-1], utc_now().timestamp()),
    }


def _crowds(scraped: Scraped, limit: int) -> tuple[Crowd, ...]:
    return crowds((item.series for item in read_all(scraped.pages)), limit)


def _several(snapshots: list[Snapshot]) -> str:
    last = snapshots[-1]
    if last.several:
        return last.several
    if last.resets:
        return "; ".join(note for snapshot in snapshots for note in snapshot.notes if "reset" in note)
    return ""


def _failed(error: ScrapeError) -> dict[str, Any]:
    return {
        "ok": False,
        "mode": "",
        "error": str(error),
        "hint": error.hint,
        "metrics": {},
        "missing": [],
        "several_processes": False,
        "start_times": [],
        "counters": {},
    }
