"""Plan files: settings, `[[target]]` and `[[phase]]` tables, and named scenarios that change them.

Laws: a scenario takes over the top level's settings but those that its own say otherwise, and its own `[[target]]` or
`[[phase]]` tables replace the top level's; every scenario of a file is checked, not only the one that is used.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from loadgen.core.endpoint_setting import parse_target_table
from loadgen.core.errors import Problem
from loadgen.core.feeder import feeder_table_problems
from loadgen.core.redact import Redactor, fingerprint
from loadgen.core.setting_layers import Given, Layer, empty_layer, names_of, unknown_key
from loadgen.core.setting_readers import PLACEHOLDER_REMEDY, is_placeholder
from loadgen.core.setting_table import ROWS, Source
from loadgen.core.stage_setting import parse_phase_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_TABLES = ("target", "phase")
_FILES = frozenset({"replay", "cacert", "cert", "key", "key_password_file", "token.body_file"})
"""Settings whose value is read from a file, which a scenario that is not used need not have."""

_LEFT_BEHIND: dict[str, frozenset[str]] = {
    "phase": frozenset(
        {"rate", "duration", "shape", "requests", "closed", "think_time", "replay", "speed", "start_at"}
    ),
    "shape": frozenset({"phase", "requests", "closed", "think_time", "replay", "speed", "start_at"}),
    "requests": frozenset({"phase", "shape", "duration"}),
    "closed": frozenset({"rate", "phase", "shape", "arrival", "start_at", "replay", "speed"}),
    "replay": frozenset(
        {"rate", "duration", "phase", "shape", "closed", "think_time", "arrival", "start_at", "target"}
    ),
    "rate": frozenset({"phase", "closed", "think_time", "replay", "speed"}),
    "duration": frozenset({"phase", "requests", "replay", "speed"}),
}
"""What of the top level a scenario does not take over when it has this key of its own."""


def plan_layer(path: Path, scenario: str | None = None) -> Layer:
    """Read a plan file, and in it a scenario; one that cannot be read is an empty layer with a problem."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return empty_layer(Source.PLAN, path, f"cannot read the plan file: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return empty_layer(Source.PLAN, path, f"not a TOML file: {error}")
    problems: list[Problem] = []
    scenarios = document.pop("scenario", {})
    if not isinstance(scenarios, dict) or not all(isinstance(table, dict) for table in scenarios.values()):
        problems.append(Problem(f"scenario ({path.name})", None, "write scenarios as [scenario.NAME] tables"))
        scenarios = {}
    top = _Part(document, "", path.name, problems)
    parts = {name: _Part(table, f"scenario.{name}.", path.name, problems) for name, table in scenarios.items()}
    for name, part in parts.items():
        if name != scenario:
            problems += part.wrong_values()
    if scenario is None:
        return top.layer(problems)
    if scenario not in parts:
        known = f"it has {', '.join(parts)}" if parts else "it has none"
        problems.append(Problem("--scenario", scenario, f"{path.name} has no scenario of this name: {known}"))
        return top.layer(problems)
    return parts[scenario].over(top).layer(problems)


class _Part:
    """The top level of a plan file or one scenario: texts by key, and tables; adds unknown keys to `problems`."""

    def __init__(self, table: Mapping[str, Any], prefix: str, place: str, problems: list[Problem]) -> None:
        self._prefix, self._place = prefix, place
        self.values: dict[str, Given] = {}
        self.tables: dict[str, tuple[object, ...]] = {}
        rest = dict(table)
        self.feeders = self._feeders(rest.pop("feeder", {}), problems)
        for name in _TABLES:
            if name in rest:
                given = rest.pop(name)
                if not isinstance(given, list):
                    problems.append(
                        Problem(f"{prefix}{name} ({place})", None, f"write it as [[{prefix}{name}]] tables")
                    )
                self.tables[name] = tuple(given) if isinstance(given, list) else ()
        if isinstance(rest.get("warmup"), str):
            rest["warmup"] = {"duration": rest["warmup"]}
        known = names_of(Source.PLAN)
        for key, value in _flat(rest):
            text = _text_of(value)
            label = f"{prefix}{key} ({place})"
            if key not in known:
                problems.append(unknown_key(label, key, known | {*_TABLES, "scenario"}))
            elif text is None:
                problems.append(Problem(label, None, "write a text, a number, true, false or a list"))
            else:
                self.values[key] = text

    def _feeders(self, given: object, problems: list[Problem]) -> dict[str, object]:
        if isinstance(given, dict):
            return given
        problems.append(Problem(f"{self._prefix}feeder ({self._place})", None, "write feeders as [feeder.NAME] tables"))
        return {}

    def over(self, top: _Part) -> _Part:
        """Return this scenario with what it takes over from the top level."""
        own = {key for key, value in self.values.items() if value != "false"} | self.tables.keys()
        left = frozenset[str]().union(*(_LEFT_BEHIND.get(key, frozenset()) for key in own))
        whole = _Part({}, self._prefix, self._place, [])
        whole.values = {**{key: value for key, value in top.values.items() if key not in left}, **self.values}
        whole.tables = {**{key: value for key, value in top.tables.items() if key not in left}, **self.tables}
        whole.feeders = {**top.feeders, **self.feeders}
        return whole

    def layer(self, problems: Iterable[Problem]) -> Layer:
        """Return the layer of settings."""
        targets, phases = (self.tables.get(name, ()) for name in _TABLES)
        return Layer(Source.PLAN, self.values, self._place, tuple(problems), targets, phases, self.feeders)

    def wrong_values(self) -> Iterator[Problem]:
        """Yield what is wrong with the values of a scenario that is not used, and so not read otherwise."""
        where = f"{self._place}: {self._prefix.rstrip('.')}"
        for number, table in enumerate(self.tables.get("target", ()), 1):
            yield from parse_target_table(number, table, where)[1]
        for number, table in enumerate(self.tables.get("phase", ()), 1):
            yield from parse_phase_table(number, table, where)[1]
        for feeder, table in self.feeders.items():
            yield from feeder_table_problems(feeder, table, where)
        for row in ROWS:
            for name in row.plan:
                given = self.values.get(name.text, ())
                for text in (given,) if isinstance(given, str) else given:
                    try:
                        if is_placeholder(text):
                            raise ValueError(PLACEHOLDER_REMEDY)
                        if name.text not in _FILES:
                            name.read(text)
                    except ValueError as error:
                        shown = fingerprint(text) if row.secret else Redactor().text(text)
                        yield Problem(f"{self._prefix}{name.text} ({self._place})", shown, str(error))


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _text_of(value: object) -> Given | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
