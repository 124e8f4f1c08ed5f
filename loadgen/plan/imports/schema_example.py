"""A value that fits a JSON schema, for requests that a document describes without an example. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 8
_OF_FORMAT = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass
class Document:
    """A document whose references are followed; `notes` gather what the user should know."""

    content: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep a note once."""
        if text not in self.notes:
            self.notes.append(text)

    def resolved(self, value: Any) -> Any:
        """Return what a value is, its references followed; {} for one that leads nowhere or into another file."""
        for _ in range(_DEEPEST):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self._at(value["$ref"])
        return {}

    def _at(self, reference: str) -> Any:
        here: Any = self.content
        for part in reference.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not reference.startswith("#/") or not isinstance(here, dict) or key not in here:
                self.note(f"the reference {reference} leads nowhere in this document")
                return {}
            here = here[key]
        return here


def example(document: Document, schema: Any, depth: int = 0) -> Any:
    """Return a value of a schema: its example, default, first of its enum, or a small value of its type.

    Objects hold their required properties, and those with an example or default. A schema that contains itself ends
    after eight levels with null.
    """
    schema = document.resolved(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    if "allOf" in schema:
        return _all_of(document, schema, depth)
    for key in ("oneOf", "anyOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return example(document, schema[key][0], depth + 1)
    return _of_type(document, schema, depth)


def _all_of(document: Document, schema: dict[str, Any], depth: int) -> Any:
    whole: dict[str, Any] = {}
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    for part in (*schema["allOf"], *([rest] if "properties" in rest else [])):
        value = example(document, part, depth + 1)
        if not isinstance(value, dict):
            return value
        whole.update(value)
    return whole


def _of_type(document: Document, schema: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) and kind else kind
    if kind == "object" or "properties" in schema:
        return _object(document, schema, depth)
    if kind == "array":
        count = max(1, int(schema.get("minItems", 1)))
        return [example(document, schema.get("items", {}), depth + 1)] * count
    if kind in ("integer", "number"):
        return _number(schema, kind)
    if kind == "boolean":
        return True
    return None if kind == "null" else _string(schema)


def _object(document: Document, schema: dict[str, Any], depth: int) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    properties = schema.get("properties")
    return {
        name: example(document, part, depth + 1)
        for name, part in (properties if isinstance(properties, dict) else {}).items()
        if name in required or {"example", "default"} & set(document.resolved(part) or ())
    }


def _number(schema: dict[str, Any], kind: str) -> float:
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if isinstance(above, bool):
        low = low + 1 if above and low is not None else low
    elif above is not None:
        low = above + 1
    value = low if low is not None else min(1, high) if high is not None else 1
    return int(value) if kind == "integer" else value


def _string(schema: dict[str, Any]) -> str:
    text = _OF_FORMAT.get(str(schema.get("format")), "text")
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    text = text.ljust(least, "x")
    return text if most is None else text[: int(most)]
