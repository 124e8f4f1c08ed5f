"""Which PromQL asks a Prometheus server for what a profile needs, and how its answers read. Pure.

Laws: counters are summed by instance and by the labels that the profile looks at, never across instances, so that a
restart of one shows; everything of one scrape is evaluated at one instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from loadgen.core.synthetic import GAUGE, JOB, JOB_LABELS, LABEL, SCENARIO, VALUE
from observer.exposition import Labels, Series
from observer.profile import LOGICAL, Kind, Matcher
from observer.source import ScrapeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from observer.binding import Binding

INSTANCE_LABELS = ("job", "instance")
_PROBED = frozenset({"requests", "fallback", "effective_fallback", "start_time"})
_OF_ANY_PROCESS = frozenset({"memory", "cpu", "start_time"})
_NOT_MADE_UP = (Matcher(LABEL, "!=", VALUE), *(Matcher(label, "!=", JOB) for label in JOB_LABELS))
_RESERVED = frozenset({"__name__", *INSTANCE_LABELS})


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus base address, and label conditions given in its query (`?job=api`), which every query carries."""

    base: str
    matchers: tuple[Matcher, ...]

    @classmethod
    def parse(cls, url: str) -> Server:
        parts = urlsplit(url)
        matchers = tuple(Matcher(label, "=", value) for label, value in parse_qsl(parts.query))
        return cls(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), matchers)

    def address(self, path: str) -> str:
        return f"{self.base}/api/v1/{path}"

    def select(self, *conditions: str) -> str:
        """Return a series selector with the server's own conditions."""
        return "{" + ",".join([*conditions, *(str(matcher) for matcher in self.matchers)]) + "}"

    def measured(self, *conditions: str) -> str:
        """Return a series selector with the server's own conditions, for what is measured and not made up."""
        return self.select(*conditions, *(str(matcher) for matcher in _NOT_MADE_UP))


@dataclass(frozen=True, slots=True)
class Question:
    """One query: `names` are the metrics it covers."""

    names: tuple[str, ...]
    promql: str


def questions(binding: Binding, server: Server, *, full: bool) -> list[Question]:
    """Return the queries of one scrape; `full` False leaves out what a probe does not need."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in binding.names():
        sources = [(key.logical, source) for key, source in binding.sources_of(name)]
        if not full and not any(logical in _PROBED for logical, _ in sources):
            continue
        labels = {label for _, source in sources for label in source.labels}
        kinds = {LOGICAL[logical] for logical, _ in sources}
        if Kind.HISTOGRAM in kinds and name.endswith("_bucket"):
            labels.add("le")
        if Kind.SUMMARY in kinds:
            labels.add("quantile")
        highest = Kind.SUMMARY in kinds or any(logical == "start_time" for logical, _ in sources)
        groups.setdefault(("max" if highest else "sum", tuple(sorted(labels - _RESERVED))), []).append(name)
    return [_question(server, how, by, names) for (how, by), names in groups.items()]


def _question(server: Server, how: str, by: tuple[str, ...], names: list[str]) -> Question:
    chosen = server.measured(f'__name__=~"{"|".join(names)}"')
    return Question(tuple(names), f"{how} by ({', '.join(('__name__', *INSTANCE_LABELS, *by))}) ({chosen})")


def newest(binding: Binding, server: Server) -> str:
    """Return the query for the time of the newest sample of each instance that has a metric of the profile.

    What every process exposes (memory, CPU) tells nothing, unless the address itself names the job or the like.
    """
    names = [
        name
        for name in binding.names()
        if not name.endswith(("_bucket", "_sum"))
        and (server.matchers or any(key.logical not in _OF_ANY_PROCESS for key, _ in binding.sources_of(name)))
    ]
    by = ", ".join(INSTANCE_LABELS)
    return " or ".join(f"max by ({by}) (timestamp({name}{server.measured()}))" for name in names)


def scenarios(server: Server) -> str:
    """Return the query for the synthetic scenarios that are in force.

    The job and instance that the address names are those of the service; a scenario has its own.
    """
    others = tuple(matcher for matcher in server.matchers if matcher.label not in INSTANCE_LABELS)
    return f"max by ({SCENARIO}) ({GAUGE}{Server(server.base, others).select()}) > 0"


Instance = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answered:
    """One value of an instant vector, at the server's time `at_s`."""

    instance: Instance
    series: Series
    value: float
    at_s: float


def read_vector(data: Mapping[str, Any]) -> list[Answered]:
    """Read the data of an instant query; raise ScrapeError when it is no vector."""
    try:
        if data["resultType"] != "vector":
            raise ValueError(f"a {data['resultType']} where a vector was expected")
        return [_answered(item["metric"], item["value"]) for item in data["result"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ScrapeError(f"the Prometheus server's answer cannot be read: {error}") from error


def _answered(metric: Mapping[str, str], value: list[Any]) -> Answered:
    labels: Labels = {name: text for name, text in metric.items() if name not in _RESERVED}
    instance = (metric.get("job", ""), metric.get("instance", ""))
    return Answered(instance, Series(metric.get("__name__", ""), labels), float(value[1]), float(value[0]))


@dataclass(frozen=True, slots=True)
class Target:
    """What `up` says about an instance: when it was last scraped, how often it is, whether that worked."""

    newest_s: float
    interval_s: float
    up: bool


def read_up(data: Mapping[str, Any]) -> dict[Instance, Target]:
    """Read the data of a range selector over `up`; raise ScrapeError when it is no matrix."""
    try:
        if data["resultType"] != "matrix":
            raise ValueError(f"a {data['resultType']} where a matrix was expected")
        return {_instance(item["metric"]): _target(item["values"]) for item in data["result"] if item["values"]}
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ScrapeError(f"the Prometheus server's answer cannot be read: {error}") from error


def _instance(metric: Mapping[str, str]) -> Instance:
    return (metric.get("job", ""), metric.get("instance", ""))


def _target(values: list[list[Any]]) -> Target:
    times = [float(at) for at, _ in values]
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    interval_s = gaps[len(gaps) // 2] if gaps else inf
    return Target(times[-1], interval_s, float(values[-1][1]) == 1.0)


def as_text(answers: Iterable[Answered]) -> str:
    """Write answers in the text format, with the instance as labels and the server's time in ms."""
    lines = [f"{_text(item)} {item.value!r} {round(item.at_s * 1000)}" for item in answers]
    return "\n".join(lines) + "\n"


def _text(item: Answered) -> str:
    labels = {"job": item.instance[0], "instance": item.instance[1], **item.series.labels}
    return f"{item.series.name}{{{','.join(str(Matcher(name, '=', text)) for name, text in labels.items())}}}"
