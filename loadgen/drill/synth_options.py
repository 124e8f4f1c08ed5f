"""What `loadgen drill synth` was asked for, checked as a whole. Pure.

Law: every problem is named at once, with what was given and what to do; synthetic figures leave this machine only where
that is said, because they alert real people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loadgen.core.errors import InputError, Problem
from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration, parse_duration_ns
from loadgen.drill.round import Asked
from loadgen.drill.scenario import NAMES, SCENARIOS, Scenario, scenario_named
from loadgen.plan.validate import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST_INTERVAL_NS = 200 * NS_PER_MS
LONGEST_NS = 24 * 3_600 * NS_PER_S
_LABEL_VALUE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
LARGEST_FACTOR = 1_000


@dataclass(frozen=True, slots=True)
class Options:
    """What to play and where. `url` is None where a demo service of our own is to be started."""

    asked: Asked
    sink: str
    url: str | None
    job: str
    instance: str | None
    prom_url: str | None

    @property
    def fresh_ns(self) -> int:
        """How young a push by somebody else must be to be in use still."""
        return 3 * self.asked.interval_ns


class _Reader:
    """Reads one value after the other and gathers what is wrong with them."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.problems: list[Problem] = []

    def wrong(self, key: str, value: object, remedy: str) -> None:
        self.problems.append(Problem(key, None if value is None else str(value), remedy))

    def duration_ns(self, key: str, shortest_ns: int) -> int | None:
        text = self._given[key.removeprefix("--").replace("-", "_")]
        if text is None:
            return None
        try:
            found = parse_duration_ns(text, bare_seconds=True)
        except ValueError as error:
            self.wrong(key, text, str(error))
            return None
        if not shortest_ns <= found <= LONGEST_NS:
            self.wrong(key, text, f"from {format_duration(shortest_ns)} to {format_duration(LONGEST_NS)}")
        return found

    def label_value(self, key: str) -> str | None:
        text: str | None = self._given[key.removeprefix("--")]
        if text is not None and not _LABEL_VALUE.fullmatch(text):
            self.wrong(key, text, "up to 100 letters, digits and _ . : -")
        return text

    def scenarios(self) -> tuple[Scenario, ...]:
        name, everything = self._given["scenario"], self._given["everything"]
        listed = ", ".join(NAMES)
        if everything and name is not None:
            self.wrong("--all", name, "plays all of them: leave the name out")
        elif name is None and not everything:
            self.wrong("SCENARIO", None, f"missing: name one of {listed}, or --all")
        elif name is not None and name not in NAMES:
            self.wrong("SCENARIO", name, f"there are {listed}")
        elif name is not None:
            return (scenario_named(name),)
        return SCENARIOS

    def url(self, key: str, *, read_only: bool = False) -> str | None:
        text: str | None = self._given[key.removeprefix("--").replace("-", "_")]
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            self.wrong(key, text, f"not an address: {error}")
            return text
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            self.wrong(key, text, "not an address: write it as http://localhost:9091")
        elif not (read_only or is_loopback(host) or self._given["allow_target"]):
            remedy = "not this machine: synthetic figures alert whoever is on call; say --allow-target if that is meant"
            self.wrong(key, host, remedy)
        return text


def read_options(given: Mapping[str, Any]) -> Options:
    """Check the command's parameters; raise InputError with everything that is wrong with them."""
    reader = _Reader(given)
    scenarios = reader.scenarios()
    factor = given["compress"]
    if not 1 <= factor <= LARGEST_FACTOR:
        reader.wrong("--compress", factor, f"a whole number from 1 to {LARGEST_FACTOR}")
        factor = 1
    interval_ns = reader.duration_ns("--push-interval", SHORTEST_INTERVAL_NS) or NS_PER_S
    interval_ns = max(interval_ns // factor, SHORTEST_INTERVAL_NS)
    duration_ns = reader.duration_ns("--duration", NS_PER_S)
    if duration_ns is not None:
        duration_ns //= factor
        if duration_ns < 2 * interval_ns:
            text = f"{format_duration(duration_ns)} at a push every {format_duration(interval_ns)}"
            reader.wrong("--duration", text, "must hold at least two pushes: a rate needs them")
    gap_ns = (reader.duration_ns("--gap", 0) or 0) // factor
    sink, url = _sink(reader, given)
    prom_url = reader.url("--prom-url", read_only=True)
    job, instance = reader.label_value("--job"), reader.label_value("--instance")
    if reader.problems:
        raise InputError(reader.problems)
    assert job is not None
    played = tuple(scenario.compressed(factor) for scenario in scenarios)
    return Options(Asked(played, duration_ns, interval_ns, gap_ns), sink, url, job, instance, prom_url)


def _sink(reader: _Reader, given: Mapping[str, Any]) -> tuple[str, str | None]:
    sink = str(given["sink"])
    gateway, demo = reader.url("--pushgateway-url") if sink == "pushgateway" else None, reader.url("--demo-url")
    if sink == "pushgateway" and given["demo_url"] is not None:
        reader.wrong("--demo-url", given["demo_url"], "goes with --sink demo only")
    return sink, gateway if sink == "pushgateway" else demo
