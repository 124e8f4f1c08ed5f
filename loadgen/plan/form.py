"""The form of a templated request: what is fixed, and which field goes where.

Laws: how a value is encoded is decided by its place: in the path and the query it is percent-encoded; in a header it
stands as it is; in a JSON body it is escaped between double quotes and must be a JSON value elsewhere; in a form body
it is form-encoded; in any other body it stands as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.feeder import FeederPolicy
from loadgen.core.redact import Secret
from loadgen.core.template import Field, FieldKind, Template, parse_template
from loadgen.plan.fill import Arrivals, Filling, Slot, Where
from loadgen.plan.model import Header
from loadgen.plan.sequence import Mix, Uses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadgen.plan.model import LoadPlan, Target

Parts = tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A target's texts in parts, fields in their places."""

    url: Parts
    headers: tuple[tuple[str, Parts], ...]
    body: Parts

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every slot of the request, each once."""
        parts = (*self.url, *(part for _, value in self.headers for part in value), *self.body)
        return tuple(dict.fromkeys(part for part in parts if isinstance(part, Slot)))

    @property
    def feeders(self) -> frozenset[str]:
        """The feeders that the request takes a row from."""
        return frozenset(slot.field.words[0] for slot in self.slots if slot.field.kind is FieldKind.CELL)


def form_of(target: Target) -> Form:
    """Return the form of a templated target; raise ValueError for a field that is none."""
    headers = tuple(
        (header.name, _placed(parse_template(_text(header.value)), Where.HEADER)) for header in target.headers
    )
    return Form(_placed(parse_template(target.url), Where.URL), headers, _body_parts(target))


def filled(target: Target, form: Form, value_of: Callable[[Slot], str]) -> Target:
    """Return a target without fields, with a value in each one's place."""

    def text(parts: Parts) -> str:
        return "".join(part if isinstance(part, str) else value_of(part) for part in parts)

    headers = tuple(
        Header(name, Secret(text(parts)) if isinstance(given.value, Secret) else text(parts))
        for given, (name, parts) in zip(target.headers, form.headers, strict=True)
    )
    return replace(target, url=text(form.url), headers=headers, body=text(form.body).encode(), templated=False)


def sample(load: LoadPlan, target: Target) -> Target:
    """Return the target as the first request of a phase fills it; one without fields is returned as it is."""
    if not target.templated:
        return target
    filling = Filling(load.feeders, load.seed)
    first = Arrivals([load.first_index], [0], {feeder.name: [0] for feeder in load.feeders})
    return filled(target, form_of(target), lambda slot: filling.values(slot, first)[0])


def uses_of(load: LoadPlan) -> dict[str, Uses]:
    """Return, for each feeder whose rows come in order, the count of the requests before that took a row from it."""
    mix = Mix([target.weight for target in load.targets], load.seed)
    asked = [form_of(target).feeders if target.templated else frozenset[str]() for target in load.targets]
    found = {}
    for feeder in load.feeders:
        users = [number for number, names in enumerate(asked) if feeder.name in names]
        if feeder.policy is not FeederPolicy.RANDOM and users:
            before = Uses(mix, users).before([load.first_index])[0]
            found[feeder.name] = Uses(mix, users, before)
    return found


def _placed(template: Template, where: Where) -> Parts:
    return tuple(Slot(part, where) if isinstance(part, Field) else part for part in template)


def _body_parts(target: Target) -> Parts:
    text = target.body.decode()
    template = parse_template(text)
    given = next((_text(item.value) for item in target.headers if item.name.lower() == "content-type"), "").lower()
    if "json" in given or (not given and text.lstrip()[:1] in ("{", "[")):
        return tuple(_json_parts(template))
    return _placed(template, Where.FORM if "x-www-form-urlencoded" in given else Where.PLAIN)


def _json_parts(template: Template) -> Iterator[str | Slot]:
    quoted = False
    for part in template:
        if isinstance(part, Field):
            yield Slot(part, Where.JSON_TEXT if quoted else Where.JSON_VALUE)
        else:
            quoted = _quoted_after(part, quoted=quoted)
            yield part


def _quoted_after(text: str, *, quoted: bool) -> bool:
    """Say whether what follows a piece of JSON stands between double quotes."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
    return quoted


def _text(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value
