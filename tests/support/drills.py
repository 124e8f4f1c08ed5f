"""A drill inside the test's own loop: the demo service of this process, looked at without a process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.core.units import NS_PER_MS
from loadgen.demo.settings import Settings
from loadgen.drill.conduct import Drill, Lengths
from loadgen.drill.look import Source
from loadgen.drill.snapshot import Snapshot
from loadgen.drill.stage import Place, staged
from tests.support.demo import running_demo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from loadgen.drill.incident import Incident
    from tests.support.demo import Demo

QUICK = Lengths(before_ns=200 * NS_PER_MS, within_ns=5_000 * NS_PER_MS, alert_ns=3_000 * NS_PER_MS)


def place_of(demo: Demo) -> Place:
    """Return the place of a demo service in this loop."""
    url = str(demo.client.make_url("")).rstrip("/")
    return Place(url, Source((f"{url}/metrics/prom",)), rate_per_s=100, most=2_000)


class Onlooker:
    """Reads the page of a demo service as the observer would tell it; `fails_at` counts looks from 1."""

    def __init__(self, demo: Demo, fails_at: int = 0) -> None:
        self._demo = demo
        self._fails_at = fails_at
        self.looks = 0

    async def __call__(self, source: Source, names: Sequence[str]) -> Snapshot:
        self.looks += 1
        if self.looks == self._fails_at:
            raise RuntimeError("the look failed")
        page = await self._demo.page()
        by_status = {
            dict(labels)["status"]: value
            for (name, labels), value in page.samples.items()
            if name == "http_requests_total"
        }
        requests = sum(by_status.values())
        good = sum(value for status, value in by_status.items() if status < "4")
        raw = page.total("metasheet_fallback_total")
        counts: dict[str, float | None] = {
            "requests": requests,
            "success": good,
            "errors_5xx": sum(value for status, value in by_status.items() if status >= "5"),
            "raw_fallback": raw,
            "effective_fallback": page.total("metasheet_fallback_effective_total"),
            "cpu_s": page.total("process_cpu_seconds_total"),
        }
        series = {key: value for key, value in page.samples.items() if key[0] in names}
        return Snapshot(monotonic_ns(), utc_now().timestamp(), counts, series)


@asynccontextmanager
async def drill_on_demo(
    incident: Incident, settings: Settings | None = None, *, fails_at: int = 0
) -> AsyncIterator[tuple[Drill, Demo, list[str]]]:
    """Yield a drill that is ready to be conducted, its service, and the list of what it says."""
    said: list[str] = []
    async with (
        running_demo(settings or Settings()) as demo,
        staged(place_of(demo), incident, said.append) as (scene, source),
    ):
        yield Drill(incident, scene, source, QUICK, see=Onlooker(demo, fails_at)), demo, said
