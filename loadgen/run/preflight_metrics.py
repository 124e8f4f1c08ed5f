"""What the observer can see: its answer about each metrics URL, and the counters it read.

Law: scraping is the observer's business; it is asked as a process, and its auth header goes to it by descriptor.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loadgen.core.secret_shapes import mask_address
from loadgen.run.launch import command
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned
from loadgen.run.preflight_process import ask

if TYPE_CHECKING:
    from loadgen.plan.model import Plan

SEVERAL_TIMES = 5
"""Scrapes over new connections that tell one process from several behind one URL."""

_SHORT_PAUSE_S = 0.2
_TIMEOUT_S = 40.0
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Page:
    """What the observer says about one metrics URL, or about several that are summed.

    `metrics` maps logical metrics to the series that feed them, empty for none; `missing` and `mandatory` list
    logical and judged names; `window` is what was counted between the first and the last scrape, None where unknown.
    `scrape_interval_s` is that of a Prometheus, 0 for a page.
    """

    url: str
    ok: bool
    mode: str = ""
    error: str = ""
    hint: str = ""
    metrics: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    several_processes: bool = False
    scrape_interval_s: float = 0.0
    window: dict[str, float | None] = field(default_factory=dict)

    def feeds(self, *names: str) -> bool:
        """Say whether any of these logical metrics has a source here."""
        return self.ok and any(self.metrics.get(name) for name in names)


ObserveOnce = Callable[["Plan", tuple[str, ...], int, float], Awaitable[Page]]
"""Asks the observer about the sum of some metrics URLs, scraped a number of times with a pause in seconds."""


async def observe_once(plan: Plan, urls: tuple[str, ...], times: int, pause_s: float) -> Page:
    """Ask `python -m observer once`."""
    observation, tls = plan.observation, plan.load.tls
    assert observation is not None
    arguments = [
        "once",
        "--json",
        "--profile",
        observation.metric_profile,
        "--times",
        str(times),
        "--pause",
        f"{pause_s:g}",
    ]
    arguments += [word for url in urls for word in ("--metrics-url", url)]
    handed: dict[str, bytes] = {}
    if observation.auth_header is not None:
        handed["auth"] = observation.auth_header.reveal().encode()
        arguments += ["--auth-header-fd", "{auth}"]
    if tls.ca_pem:
        handed["authorities"] = tls.ca_pem
        arguments += ["--cacert", "/dev/fd/{authorities}"]
    if not tls.verify:
        arguments.append("--insecure")
    if observation.count_cache_miss:
        arguments.append("--count-cache-miss")
    place = ", ".join(map(mask_address, urls))
    answer = await ask(
        command("observer", tuple(arguments)),
        _TIMEOUT_S + times * pause_s,
        handed=handed,
    )
    try:
        document: Any = json.loads(answer.stdout)
    except ValueError:
        said = " ".join((answer.stderr or answer.stdout or f"exit code {answer.code}").split())[-300:]
        return Page(place, ok=False, error=f"the observer gave no answer that can be read: {said}")
    return read_page(place, document)


def read_page(url: str, document: Any) -> Page:
    """Build a Page from the observer's JSON; what is not there is empty."""
    if not isinstance(document, dict):
        return Page(url, ok=False, error="the observer's answer is not an object")
    return Page(
        url=url,
        ok=document.get("ok") is True,
        mode=str(document.get("mode") or ""),
        error=str(document.get("error") or ""),
        hint=str(document.get("hint") or ""),
        metrics={str(name): str(source or "") for name, source in (document.get("metrics") or {}).items()},
        missing=tuple(map(str, document.get("missing") or ())),
        mandatory=tuple(map(str, document.get("mandatory") or ())),
        several_processes=document.get("several_processes") is True,
        scrape_interval_s=_number(document.get("scrape_interval_s")) or 0.0,
        window={str(name): _number(value) for name, value in (document.get("window") or {}).items()},
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


async def read_pages(plan: Plan, once: ObserveOnce) -> tuple[Page, ...]:
    """Ask about every metrics URL by itself, all at the same time, each often enough to tell several processes."""
    if plan.observation is None:
        return ()
    urls = plan.observation.metrics_urls
    return tuple(await asyncio.gather(*(once(plan, (url,), SEVERAL_TIMES, _SHORT_PAUSE_S) for url in urls)))


def page_checks(plan: Plan, pages: tuple[Page, ...]) -> list[Check]:
    """Judge what the observer found: every page readable, from one process, with what the verdict needs."""
    if plan.observation is None:
        return [skipped("metrics", "this run has no observer")]
    checks = [_page_check(page) for page in pages]
    good = [page for page in pages if page.ok]
    if good:
        lacking = [name for name in good[0].mandatory if all(name in page.missing for page in good)]
        checks.append(_mandatory_check(lacking))
    return checks


def _page_check(page: Page) -> Check:
    name = f"metrics {page.url}"
    if not page.ok:
        hint = f": {page.hint}" if page.hint else ""
        return failed(name, f"{page.error or 'cannot be read'}{hint}")
    found = [logical for logical, source in page.metrics.items() if source]
    if not found:
        remedy = "choose the profile that names this service's metrics with --metric-profile"
        return failed(name, f"{page.mode}: none of the profile's metrics is there: {remedy}")
    missing = ", ".join(page.missing[:_MOST_LISTED])
    return passed(name, f"{page.mode}: {len(found)} metrics" + (f"; missing: {missing}" if missing else ""))


def _mandatory_check(lacking: list[str]) -> Check:
    name = "mandatory metrics"
    if lacking:
        return warned(name, f"missing: {', '.join(lacking)}; without them the verdict will be INCOMPLETE")
    return passed(name, "all there")
