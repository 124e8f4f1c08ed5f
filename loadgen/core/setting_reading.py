"""One pass over the layers of settings: which value wins, what cannot be read, and where each came from.

Law: only the value that wins is read, so a bad one that a stronger source replaces is no problem.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import Problem
from loadgen.core.redact import Redactor, Secret, fingerprint
from loadgen.core.secret_shapes import mask_address
from loadgen.core.setting_readers import PLACEHOLDER_REMEDY, is_placeholder, read_url
from loadgen.core.setting_table import ROWS, SECRET_VARIABLES, VARIABLES, Row, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.setting_layers import Given, Layer


class Reading:
    """One pass over the layers: collects problems, secrets and where each value came from."""

    def __init__(self, layers: list[Layer], problems: list[Problem]) -> None:
        self.layers = layers
        self.problems = problems
        self.sources: dict[str, Source] = {}
        self.labels: dict[str, str] = {}

    def rows(self) -> dict[str, Any]:
        """Return the value of every row, its default where no layer has it or it cannot be read."""
        values: dict[str, Any] = {}
        for row in ROWS:
            values[row.field] = row.default
            self.sources[row.field] = Source.DEFAULT
            for layer, name, given, read in self._given(row):
                self.sources[row.field] = layer.source
                self.labels[row.field] = layer.label(name)
                values[row.field] = self._read(row, layer.label(name), given, read)
                break
        values["usual_rate"] = self._usual_rate()
        return values

    def has_flag(self, name: str) -> bool:
        """Say whether a flag was given."""
        return any(name in layer.values for layer in self.layers if layer.source is Source.FLAG)

    def found(self, field: str, source: Source, label: str) -> None:
        """Take note of where a setting without a row was given."""
        self.sources[field] = source
        self.labels[field] = label

    def problem(self, field: str, shown: str | None, remedy: str) -> None:
        """Add a problem of a setting, under the name its user gave it."""
        self.problems.append(Problem(self.labels.get(field, field), shown, remedy))

    def _given(self, row: Row) -> Iterator[tuple[Layer, str, Given, Any]]:
        for layer in reversed(self.layers):
            for name in row.names(layer.source):
                if name.text in layer.values:
                    yield layer, name.text, layer.values[name.text], name.read

    def _read(self, row: Row, label: str, given: Given, read: Any) -> Any:
        if not row.many:
            return self._one(row, label, given if isinstance(given, str) else " ".join(given), read, row.default)
        texts = re.split(r"[\s,]+", given.strip()) if isinstance(given, str) else given
        items = [self._one(row, label, text, read, None) for text in texts]
        return tuple(item for item in items if item is not None)

    def _one(self, row: Row, label: str, text: str, read: Any, default: Any) -> Any:
        shown = fingerprint(text) if row.secret else _shown(text, read)
        if is_placeholder(text):
            self.problems.append(Problem(label, shown, PLACEHOLDER_REMEDY))
            return default
        try:
            return read(text)
        except ValueError as error:
            self.problems.append(Problem(label, shown, str(error)))
            return default

    def _usual_rate(self) -> Any:
        """Return LOAD_RATE as the environment has it, which caps a production run, or its default."""
        row = next(row for row in ROWS if row.field == "rate")
        for layer, _, given, read in self._given(row):
            if layer.source in (Source.ENV_FILE, Source.ENVIRONMENT) and isinstance(given, str):
                try:
                    return read(given)
                except ValueError:
                    return row.default  # reported where it is the rate of this run; a flag may have replaced it
        return row.default

    def variables(self) -> dict[str, str | float | Secret]:
        """Return the recognised variables of other verbs, the environment's before the env file's."""
        found: dict[str, str | float | Secret] = {}
        for name, read in VARIABLES.items():
            for layer in reversed(self.layers):
                given = layer.values.get(name)
                if layer.source in (Source.ENV_FILE, Source.ENVIRONMENT) and isinstance(given, str):
                    self._variable(found, layer, name, given, read)
                    break
        return found

    def _variable(self, found: dict[str, Any], layer: Layer, name: str, given: str, read: Any) -> None:
        label = layer.label(name)
        if is_placeholder(given):
            shown = fingerprint(given) if name in SECRET_VARIABLES else Redactor().text(given)
            self.problems.append(Problem(label, shown, PLACEHOLDER_REMEDY))
            return
        try:
            found[name] = read(given)
        except ValueError as error:
            # A foreign program's variable may share a name with ours; in our own file it is a mistake.
            if layer.source is Source.ENV_FILE:
                self.problems.append(Problem(label, Redactor().text(given), str(error)))


def _shown(text: str, read: Any) -> str:
    """Return a value as a message may show it: of an address not the values of its query."""
    return mask_address(text) if read is read_url else Redactor().text(text)
