"""Read the Prometheus text format fast: known series by their text, everything else line by line.

Laws: a series text (`name{labels}` as it stands on the line) always means the same slot; an unusual line (timestamp,
exemplar, escapes, tabs, quoted names) is read by prometheus_client, one at a time; a line that cannot be read is
counted and named, never fatal; a sample is never silently misread. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Callable

UNWANTED = 0
"""The slot that all series outside the profile share."""

_NAMED_BAD_LINES = 5
_MAX_EXCERPT = 120
_CACHE_FLOOR = 50_000
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="[^"\\]*"'
_USUAL = re.compile(
    rf"(?P<text>(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{(?P<labels>(?:{_LABEL}(?:,{_LABEL})*,?)?)\}})?)"
    r" (?P<value>[^ \t]+)(?: (?P<timestamp>-?[0-9]+))?"
)
_ONE_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]*)"')
_TIMESTAMP = re.compile(r"-?[0-9]+")
_EXEMPLAR = re.compile(r"[ \t]#[ \t]+\{")
_VALUE = re.compile(r"(?i)[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII)

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """One time series: a metric name and its labels."""

    name: str
    labels: Labels

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(slots=True)
class Page:
    """One scrape, parsed.

    `values[slot]` is None where the series was absent. `declared` maps family names to their types, families without
    a sample included. `samples` counts sample lines read; `bad` counts lines that could not be read, of which the
    first few stand in `bad_lines` as (line number, excerpt).
    """

    values: list[float | None]
    declared: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    bad: int = 0
    bad_lines: list[tuple[int, str]] = field(default_factory=list)

    def note_bad(self, number: int, line: str) -> None:
        self.bad += 1
        if len(self.bad_lines) < _NAMED_BAD_LINES:
            self.bad_lines.append((number, line[:_MAX_EXCERPT]))


class SeriesCache:
    """Turns the text of one endpoint into pages; remembers every series text it has seen.

    `wanted` says which metric names get a slot of their own; all others share slot 0. `max_wanted` bounds the slots:
    a wanted series beyond it counts as a bad line.
    """

    def __init__(self, wanted: Callable[[str], bool], max_wanted: int = 100_000) -> None:
        self._wanted = wanted
        self._max_wanted = max_wanted
        self._slots: dict[str, int] = {}
        self._by_identity: dict[object, int] = {}
        self._comments: dict[str, tuple[str, str] | None] = {}
        self.series: list[Series] = [Series("", {})]

    def __repr__(self) -> str:
        return f"<SeriesCache {len(self._slots)} texts, {len(self.series) - 1} slots>"

    def parse(self, text: str) -> Page:
        """Read one exposition."""
        page = Page([None] * len(self.series))
        values, slots = page.values, self._slots
        odd: list[tuple[int, str]] = []
        samples = 0
        for number, line in enumerate(text.split("\n"), start=1):
            series, _, value = line.rpartition(" ")
            slot = slots.get(series)
            if slot is None:
                odd.append((number, line))
                continue
            try:
                values[slot] = float(value)
            except ValueError:
                odd.append((number, line))
                continue
            if "_" in value:  # float() takes 1_000, the format does not
                values[slot] = None
                odd.append((number, line))
                continue
            samples += 1
        page.samples = samples
        for number, line in odd:
            self._read_odd(page, number, line)
        if len(self._slots) > max(_CACHE_FLOOR, 4 * page.samples):
            self._slots = {text: slot for text, slot in self._slots.items() if slot != UNWANTED}
        return page

    def put(self, page: Page, series: Series, value: float) -> None:
        """Set one sample of a page that was not read from text (the HTTP API of Prometheus)."""
        slot = self._slot_of(series)
        if slot is None:
            page.note_bad(0, f"{series.name}: more than {self._max_wanted} series")
            return
        self._store(page, slot, value)

    def new_page(self) -> Page:
        """Return an empty page that `put` can fill."""
        return Page([None] * len(self.series))

    def _read_odd(self, page: Page, number: int, line: str) -> None:
        stripped = line.strip(" \t\r")
        if not stripped:
            return
        if stripped[0] == "#":
            self._read_comment(page, stripped)
            return
        sample = _read_usual(stripped) or _read_unusual(stripped)
        if sample is None:
            page.note_bad(number, stripped)
            return
        slot = self._slot_of(sample.series)
        if slot is None:
            page.note_bad(number, f"{sample.series.name}: more than {self._max_wanted} series")
            return
        if sample.text:
            self._slots[sample.text] = slot
        self._store(page, slot, sample.value)

    def _store(self, page: Page, slot: int, value: float) -> None:
        missing = slot + 1 - len(page.values)
        if missing > 0:
            page.values.extend([None] * missing)
        page.values[slot] = value
        page.samples += 1

    def _slot_of(self, series: Series) -> int | None:
        if not self._wanted(series.name):
            return UNWANTED
        identity = series.identity
        slot = self._by_identity.get(identity)
        if slot is None:
            if len(self.series) > self._max_wanted:
                return None
            slot = self._by_identity[identity] = len(self.series)
            self.series.append(series)
        return slot

    def _read_comment(self, page: Page, line: str) -> None:
        if line not in self._comments:
            if len(self._comments) > _CACHE_FLOOR:
                self._comments.clear()
            self._comments[line] = _declaration(line)
        declaration = self._comments[line]
        if declaration is not None:
            name, kind = declaration
            if kind or name not in page.declared:
                page.declared[name] = kind


def _declaration(line: str) -> tuple[str, str] | None:
    """Return (family, type) of a TYPE line, (family, "") of a HELP line, None of any other comment."""
    parts = line.split(None, 3)
    if len(parts) < 3 or parts[0] != "#" or parts[1] not in ("TYPE", "HELP"):
        return None
    name = parts[2].strip('"')
    return name, parts[3].strip() if parts[1] == "TYPE" and len(parts) == 4 else ""


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample line; `text` is what may be remembered as the series' text, empty when nothing may."""

    series: Series
    value: float
    text: str = ""


def _read_usual(line: str) -> _Sample | None:
    match = _USUAL.fullmatch(line)
    if match is None or not _VALUE.fullmatch(match["value"]):
        return None
    pairs = _ONE_LABEL.findall(match["labels"] or "")
    labels = dict(pairs)
    if len(labels) != len(pairs):
        return None
    return _Sample(Series(match["name"], labels), float(match["value"]), match["text"])


def _read_unusual(line: str) -> _Sample | None:
    """Read one sample line with prometheus_client; None when it is not one.

    An exemplar is cut off first, because prometheus_client takes it for a timestamp; where the cut falls inside a
    label value the head does not parse, and the next one is tried.
    """
    for cut in _EXEMPLAR.finditer(line):
        sample = _read_sample(line[: cut.start()])
        if sample is not None:
            return sample
    return _read_sample(line)


def _read_sample(line: str) -> _Sample | None:
    head, brace, tail = line.rpartition("}")
    values = tail.split() if brace else line.split()[1:]
    if not 1 <= len(values) <= 2 or not _VALUE.fullmatch(values[0]):
        return None
    if len(values) == 2 and not _TIMESTAMP.fullmatch(values[1]):
        return None
    try:
        samples = [sample for family in text_string_to_metric_families(line) for sample in family.samples]
    except (ValueError, IndexError):
        return None
    if len(samples) != 1:
        return None
    text = head + brace if tail == f" {values[0]}" else ""
    return _Sample(Series(samples[0].name, dict(samples[0].labels)), float(samples[0].value), text)
