"""Read the metrics from a Prometheus server, through its HTTP API, as if its instances had been scraped.

Laws: every query of one scrape is evaluated at the time of the newest sample, so numerators and denominators belong
together; the server's clock, not ours, dates the data; a sample older than two of its scrape intervals, or an
instance that is down, is a failed scrape.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.synthetic import SCENARIO
from loadgen.core.units import NS_PER_S
from observer.exposition import SeriesCache
from observer.fetch import Fetcher
from observer.prom_query import (
    Answered,
    Instance,
    Server,
    Target,
    as_text,
    newest,
    questions,
    read_up,
    read_vector,
    scenarios,
)
from observer.series import EndpointAccount, EndpointState
from observer.snapshot import combine
from observer.source import PROMETHEUS, Access, Scraped, ScrapeError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observer.binding import Binding

_UP_RANGE = "5m"
_STALE_INTERVALS = 2
_UNKNOWN_INTERVAL_S = 60.0


class _Instance:
    """One instance that the server scrapes: its account and its last state."""

    def __init__(self, binding: Binding) -> None:
        self.cache = SeriesCache(binding.wants)
        self.account = EndpointAccount(binding, self.cache.series)
        self.state: EndpointState | None = None


class PrometheusSource:
    """Snapshots from one Prometheus server; `access.urls` holds its base address alone."""

    mode = PROMETHEUS
    interval_s: float | None = None

    def __init__(self, access: Access, binding: Binding) -> None:
        self._fetcher = Fetcher(access)
        self._server = Server.parse(access.urls[0])
        self._place = shown(access.urls[0])
        self._binding = binding
        self._instances: dict[Instance, _Instance] = {}
        self._declared: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<PrometheusSource {self._place}, {len(self._instances)} instances>"

    async def scrape(self, timeout_ns: int, *, full: bool = True) -> Scraped:
        """Ask for everything (or for what a probe needs) at the newest sample's time; raise ScrapeError."""
        try:
            async with asyncio.timeout(timeout_ns / NS_PER_S):
                return await self._scrape(timeout_ns, full=full or not self._instances)
        except TimeoutError as error:
            raise ScrapeError(f"{self._place} did not answer within {timeout_ns / NS_PER_S:g} s") from error

    async def close(self) -> None:
        await self._fetcher.close()

    async def ask(self, promql: str, timeout_ns: int, at_s: float | None = None) -> Mapping[str, Any]:
        """Return the data of one instant query, at the server's own time unless `at_s`; raise ScrapeError."""
        form = {"query": promql} | ({} if at_s is None else {"time": f"{at_s:.3f}"})
        body = await self._fetcher.post(self._server.address("query"), form, timeout_ns)
        return answer_of(self._place, body.text)

    async def named(self, name: str, timeout_ns: int) -> list[Answered]:
        """Return every series of a metric with all its labels, as the server has it now; raise ScrapeError."""
        return read_vector(await self.ask(self._server.select(f'__name__="{name}"'), timeout_ns))

    async def _scrape(self, timeout_ns: int, *, full: bool) -> Scraped:
        began_ns = monotonic_ns()
        now, up, times = await asyncio.gather(
            self.ask("time()", timeout_ns),
            self.ask(f"up{self._server.select()}[{_UP_RANGE}]", timeout_ns),
            self.ask(newest(self._binding, self._server), timeout_ns),
        )
        at_ns = monotonic_ns()
        newest_s = {item.instance: item.value for item in read_vector(times)}
        now_s = float(now["result"][1])
        self._check(now_s, newest_s, read_up(up))
        data_s = max(newest_s.values())
        data_ns = began_ns - round((now_s - min(newest_s.values())) * NS_PER_S)
        asked = questions(self._binding, self._server, full=full)
        *answers, made_up = await asyncio.gather(
            *(self.ask(question.promql, timeout_ns, data_s) for question in asked),
            self.ask(scenarios(self._server), timeout_ns, data_s),
        )
        if full:
            self._declared = await self._families(next(iter(newest_s)), timeout_ns)
        found = [item for answer in answers for item in read_vector(answer) if item.instance in newest_s]
        snapshot = combine(self._account(found, full=full), round(data_s * NS_PER_S))
        pages = ((self._place, as_text(found)),)
        synthetic = frozenset(item.series.labels.get(SCENARIO, "") for item in read_vector(made_up))
        return Scraped(snapshot, at_ns, pages, notes=snapshot.notes, data_ns=data_ns, synthetic=synthetic)

    def _check(self, now_s: float, newest_s: Mapping[Instance, float], up: Mapping[Instance, Target]) -> None:
        """Raise ScrapeError when the data cannot be trusted: none, of several jobs, down, or stale."""
        if not newest_s:
            hint = "choose the metric profile that names this service's metrics, and the job with ?job=NAME"
            raise ScrapeError(f"{self._place} has no series of the metric profile", hint)
        jobs = sorted({job for job, _ in newest_s})
        if len(jobs) > 1 and not any(matcher.label == "job" for matcher in self._server.matchers):
            hint = f"name one in METRICS_URL: {self._place}?job={jobs[0]}"
            raise ScrapeError(f"{self._place} has such metrics of several jobs ({', '.join(jobs)})", hint)
        targets = {instance: target for instance, target in up.items() if instance in newest_s}
        known_instances = newest_s.keys() | self._instances.keys()
        down = sorted(name[1] for name, target in up.items() if not target.up and name in known_instances)
        if down:
            raise ScrapeError(f"{self._place} cannot scrape {', '.join(down)} (up is 0)", "is the service running?")
        known = [target.interval_s for target in targets.values() if isfinite(target.interval_s)]
        self.interval_s = max(known, default=None)
        limit_s = _STALE_INTERVALS * (self.interval_s or _UNKNOWN_INTERVAL_S)
        age_s = now_s - max(newest_s.values())
        if age_s > limit_s:
            text = f"the newest sample is {age_s:.1f} s old, more than {_STALE_INTERVALS} scrape intervals"
            raise ScrapeError(f"{self._place}: {text} ({limit_s:g} s)", "the server no longer scrapes the service")

    def _account(self, found: list[Answered], *, full: bool) -> list[EndpointState]:
        """Give each instance its own page; one that is gone keeps what it had counted."""
        by_instance: dict[Instance, list[Answered]] = {}
        for item in found:
            by_instance.setdefault(item.instance, []).append(item)
        for name, items in by_instance.items():
            instance = self._instances.setdefault(name, _Instance(self._binding))
            page = instance.cache.new_page()
            page.declared = self._declared
            for item in items:
                instance.cache.put(page, item.series, item.value)
            instance.state = instance.account.take(page, partial=not full)
        states: list[EndpointState] = []
        for name, instance in self._instances.items():
            if instance.state is not None:
                present = name in by_instance
                states.append(instance.state if present else replace(instance.state, raw={}, notes=()))
        return states

    async def _families(self, instance: Instance, timeout_ns: int) -> dict[str, str]:
        """Return the metric families that an instance declares, those without a sample included.

        A server that does not tell (a long-term store) gives none; what has no sample is then NA.
        """
        target = f'{{job="{instance[0]}",instance="{instance[1]}"}}'
        try:
            address = f"{self._server.address('targets/metadata')}?match_target={quote(target, safe='')}"
            body = await self._fetcher.get_json(address, timeout_ns)
            return {str(item["metric"]): str(item["type"]) for item in orjson.loads(body.text)["data"]}
        except (ScrapeError, orjson.JSONDecodeError, KeyError, TypeError):
            return {}


def answer_of(place: str, text: str) -> Mapping[str, Any]:
    """Return the data of an answer of the HTTP API; raise ScrapeError when it is a refusal or none."""
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ScrapeError(f"{place} did not answer JSON to a query", "is this a Prometheus base URL?") from error
    if not isinstance(answer, dict) or answer.get("status") != "success" or not isinstance(answer.get("data"), dict):
        reason = answer.get("error", "no data") if isinstance(answer, dict) else "no object"
        raise ScrapeError(f"{place} refused a query: {reason}", "is this a Prometheus base URL?")
    data: Mapping[str, Any] = answer["data"]
    return data
