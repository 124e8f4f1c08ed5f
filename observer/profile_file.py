"""Read metric profiles from TOML: bundled ones by name, a user's own by path.

Law: everything that is wrong with a file is reported at once, each with its place and what to do.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import InputError, Problem
from observer.profile import JUDGED, LOGICAL, SIGNALS, STATUS_CLASSES, Kind, Matcher, Profile, Selector, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUNDLED = ("metasheet", "prometheus-http", "relay")
_TOP_KEYS = ("title", "mandatory", *LOGICAL, "signals")
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def load_profile(name_or_path: str, text: str = "") -> Profile:
    """Return a profile: from `text` if given, else a bundled one by name, else a file by path.

    Raises InputError with every problem of the file, or when there is none of that name.
    """
    if text:
        return parse_profile(text, name_or_path)
    if name_or_path in BUNDLED:
        bundled = resources.files("observer") / "profiles" / f"{name_or_path}.toml"
        return parse_profile(bundled.read_text("utf-8"), name_or_path)
    path = Path(name_or_path)
    try:
        return parse_profile(path.read_text("utf-8"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(BUNDLED)
        remedy = f"neither a bundled metric profile ({known}) nor a readable file: {error}"
        raise InputError([Problem("metric profile", name_or_path, remedy)]) from error


def parse_profile(text: str, name: str) -> Profile:
    """Build a profile from TOML text; raise InputError with every problem found."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError([Problem(f"metric profile {name}", None, f"not TOML: {error}")]) from error
    reader = _Reader(name)
    profile = reader.profile(document)
    if reader.problems:
        raise InputError(reader.problems)
    return profile


def parse_selector(text: str) -> Selector:
    """Read `name{label="value"}`; raise ValueError saying what is wrong."""
    match = _SELECTOR.fullmatch(text)
    if match is None:
        raise ValueError('not a selector: write it as name or name{label="value"}')
    matchers: list[Matcher] = []
    inside, position = (match[2] or "").rstrip(), 0
    while position < len(inside):
        found = _MATCHER.match(inside, position)
        if found is None:
            raise ValueError(f'not a label condition: {inside[position:]!r}; write label="value" (or != =~ !~)')
        value = re.sub(r'\\[\\"n]', lambda escape: _ESCAPES[escape[0]], found[3])
        if found[2] in ("=~", "!~"):
            _check_regex(value)
        matchers.append(Matcher(found[1], found[2], value))
        position = found.end()
    return Selector(match[1], tuple(matchers))


def _check_regex(value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {value!r}: {error}") from error


class _Reader:
    """Turns a TOML document into a profile, gathering problems."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.problems: list[Problem] = []

    def profile(self, document: Mapping[str, Any]) -> Profile:
        for key in document:
            if key not in _TOP_KEYS:
                self._problem(key, None, f"unknown; a profile has {', '.join(_TOP_KEYS)}")
        title = document.get("title", self._name)
        if not isinstance(title, str):
            self._problem("title", title, "must be a text")
        metrics = {name: self._sources(name, LOGICAL[name], document[name]) for name in LOGICAL if name in document}
        if "requests" not in document:
            self._problem("requests", None, "missing: without it no rate can be computed")
        return Profile(self._name, str(title), metrics, self._mandatory(document, metrics), self._signals(document))

    def _mandatory(self, document: Mapping[str, Any], metrics: Mapping[str, object]) -> tuple[str, ...]:
        names = document.get("mandatory", [])
        if not _is_texts(names):
            self._problem("mandatory", names, "must be a list of texts")
            return ()
        for name in names:
            if name not in JUDGED:
                self._problem("mandatory", name, f"unknown; choose from {', '.join(JUDGED)}")
            elif not any(feed in metrics for feed in JUDGED[name]):
                self._problem("mandatory", name, f"this profile has no {' or '.join(JUDGED[name])} to feed it")
        return tuple(names)

    def _signals(self, document: Mapping[str, Any]) -> dict[str, Selector]:
        table = document.get("signals", {})
        if not isinstance(table, dict):
            self._problem("signals", str(table), "must be a table of one selector for each signal")
            return {}
        found: dict[str, Selector] = {}
        for name, value in table.items():
            if name not in SIGNALS:
                self._problem(f"signals.{name}", None, f"unknown; choose from {', '.join(SIGNALS)}")
                continue
            for selector in self._selectors(f"signals.{name}", value)[:1] if isinstance(value, str) else ():
                found[name] = selector
            if not isinstance(value, str):
                self._problem(f"signals.{name}", str(value), "must be one selector")
        return found

    def _sources(self, logical: str, kind: Kind, value: Any) -> tuple[Source, ...]:
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self._problem(logical, None, f"write one or more [[{logical}]] tables")
            return ()
        return tuple(self._source(f"{logical}[{i}]", logical, kind, item) for i, item in enumerate(value))

    def _source(self, place: str, logical: str, kind: Kind, table: Mapping[str, Any]) -> Source:
        allowed = (*kind.value, "name", "by", "words", "scale", "next_when_zero")
        for key in table:
            if key not in allowed:
                self._problem(f"{place}.{key}", None, f"unknown; a source of {logical} has {', '.join(allowed)}")
        parts = {part: self._selectors(f"{place}.{part}", table.get(part)) for part in kind.value}
        first = next((selectors[0].name for selectors in parts.values() if selectors), logical)
        name = table.get("name", first)
        if not isinstance(name, str):
            self._problem(f"{place}.name", str(name), "must be a text")
        zero = table.get("next_when_zero", False)
        if not isinstance(zero, bool):
            self._problem(f"{place}.next_when_zero", str(zero), "must be true or false")
        return Source(
            name=str(name),
            parts=parts,
            by=self._by(place, table.get("by", [])),
            words=self._words(place, table.get("words", {})),
            scale=self._scale(place, table.get("scale", 1.0)),
            next_when_zero=bool(zero),
        )

    def _selectors(self, place: str, value: Any) -> tuple[Selector, ...]:
        texts = [value] if isinstance(value, str) else value
        if not _is_texts(texts) or not texts:
            self._problem(place, None if value is None else str(value), "missing: one selector, or a list of them")
            return ()
        return tuple(self._each_selector(place, texts))

    def _each_selector(self, place: str, texts: list[str]) -> Iterator[Selector]:
        for text in texts:
            try:
                yield parse_selector(text)
            except ValueError as error:
                self._problem(place, text, str(error))

    def _by(self, place: str, value: Any) -> tuple[str, ...]:
        labels = [value] if isinstance(value, str) else value
        if not _is_texts(labels):
            self._problem(f"{place}.by", str(value), "must be a label name, or a list of them")
            return ()
        return tuple(labels)

    def _words(self, place: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not all(item in STATUS_CLASSES for item in value.values()):
            self._problem(f"{place}.words", str(value), f"must map status words to one of {', '.join(STATUS_CLASSES)}")
            return {}
        return {str(word).lower(): str(item) for word, item in value.items()}

    def _scale(self, place: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self._problem(f"{place}.scale", str(value), "must be a number greater than 0")
            return 1.0
        return float(value)

    def _problem(self, key: str, value: str | None, remedy: str) -> None:
        self.problems.append(Problem(f"metric profile {self._name}: {key}", value, remedy))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
