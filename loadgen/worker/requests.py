"""The requests of templated targets: each arrival's bytes, made shortly before it is due.

Laws: what an arrival sends depends on the seed and its number alone (its due time, where it has a timestamp), so it is
the same for any number of workers; targets without fields keep the one endpoint whose bytes were made before the start.
A block is made right after the last arrival of the block before it was sent, so it delays nothing unless arrivals are
denser than a block takes. Measured: 1.7 us of processor time for a request with one cell, 6.4 us for one with a cell in
its path, a cell in its JSON body, a UUID and two numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.template import FieldKind
from loadgen.net.endpoint import Endpoint
from loadgen.plan.fill import Arrivals, Filling
from loadgen.plan.form import Form, filled, form_of, uses_of
from loadgen.worker.trace_memory import TraceMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.plan.fill import Slot
    from loadgen.plan.model import LoadPlan, Target

_LENGTH = re.compile(r"\r\nContent-Length: (\d+)(?=\r\n|$)")


def with_tokens(target: Target) -> Target:
    """Return a templated target with a word in each field's place that occurs nowhere else in it."""
    form = form_of(target)
    tokens = dict(zip(form.slots, _tokens(target, len(form.slots)), strict=True))
    return filled(target, form, tokens.__getitem__)


def _tokens(target: Target, count: int) -> list[str]:
    """Return words that no encoding changes and that the target does not have."""
    mark = "field"
    texts = repr(target) + target.body.decode()
    texts += "".join(h.value if isinstance(h.value, str) else h.value.reveal() for h in target.headers)
    while mark in texts:
        mark += "x"
    return [f"{mark}{number:04d}z" for number in range(count)]


class _Written:
    """A target's bytes with gaps: two patterns, and the slots that fill them."""

    def __init__(self, target: Target, form: Form, request: bytes) -> None:
        self.source = request
        tokens = dict(zip(_tokens(target, len(form.slots)), form.slots, strict=True))
        head, _, body = request.decode("utf-8").partition("\r\n\r\n")
        self._body, self._body_slots = _pattern(body, tokens)
        if self._body_slots:
            head = _LENGTH.sub("\r\nContent-Length: \0", head, count=1)
        before, _, after = head.partition("\0")
        self._before, self._before_slots = _pattern(before, tokens)
        self._after, self._after_slots = _pattern(after + "\r\n\r\n", tokens)
        self._counted = bool(self._body_slots)

    def requests(self, filling: Filling, arrivals: Arrivals) -> list[bytes]:
        """Return the bytes of some arrivals' requests."""
        slots = {*self._body_slots, *self._before_slots, *self._after_slots}
        columns = {slot: filling.values(slot, arrivals) for slot in slots}

        def lines(pattern: str, own: Sequence[Slot]) -> list[str]:
            if not own:
                return [pattern % ()] * len(arrivals.numbers)
            return [pattern % row for row in zip(*(columns[slot] for slot in own), strict=True)]

        bodies = [body.encode() for body in lines(self._body, self._body_slots)]
        before, after = lines(self._before, self._before_slots), lines(self._after, self._after_slots)
        if not self._counted:
            return [f"{one}{two}".encode() + body for one, two, body in zip(before, after, bodies, strict=True)]
        return [f"{one}{len(body)}{two}".encode() + body for one, two, body in zip(before, after, bodies, strict=True)]


def _pattern(text: str, tokens: dict[str, Slot]) -> tuple[str, list[Slot]]:
    """Return a text as a %-pattern, and the slots that fill it from left to right."""
    if not tokens:
        return text.replace("%", "%%"), []
    pieces = re.split("(" + "|".join(tokens) + ")", text)
    slots = [tokens[piece] for piece in pieces[1::2]]
    return "%s".join(piece.replace("%", "%%") for piece in pieces[::2]), slots


class Requests:
    """Gives arrivals their own endpoints; `mean_bytes` keeps the mean size of what was made for each target."""

    def __init__(self, plan: LoadPlan, endpoints: Sequence[Endpoint], mean_bytes: list[float], wall_ns: int) -> None:
        self._plan = plan
        self._endpoints = endpoints
        self._forms = {number: form_of(target) for number, target in enumerate(plan.targets) if target.templated}
        self._filling = Filling(plan.feeders, plan.seed)
        self._uses = uses_of(plan)
        self._written: dict[int, _Written] = {}
        self._mean_bytes = mean_bytes
        self._made = [0] * len(endpoints)
        self._wall_ns = wall_ns
        traced = (slot for form in self._forms.values() for slot in form.slots)
        self._trace_slot = next((slot for slot in traced if slot.field.kind is FieldKind.TRACEPARENT), None)
        self.traces = None if self._trace_slot is None else TraceMemory(self._context_of)
        for form in self._forms.values():
            for slot in form.slots:
                if slot.field.kind.value == "cell":
                    self._filling.cells(slot)

    def of(self, first: int, step: int, chosen: Sequence[int], dues_ns: Sequence[int]) -> list[Endpoint]:
        """Return the endpoints of arrivals first, first + step, ..., which are due at instants of the host's clock.

        Arrivals come in rising order from call to call.
        """
        numbers = [first + step * position for position in range(len(chosen))]
        uses = {name: use.before(numbers) for name, use in self._uses.items()}
        picks = [self._endpoints[number] for number in chosen]
        for number in self._forms.keys() & set(chosen):
            own = [position for position, one in enumerate(chosen) if one == number]
            arrivals = Arrivals(
                [self._plan.first_index + numbers[position] for position in own],
                [self._wall_ns + dues_ns[position] for position in own],
                {name: [counts[position] for position in own] for name, counts in uses.items()},
            )
            for position, endpoint in zip(own, self._make(number, arrivals), strict=True):
                picks[position] = endpoint
            if self.traces is not None:
                self.traces.add([dues_ns[position] for position in own], arrivals.numbers)
        return picks

    def _context_of(self, number: int) -> str:
        """Return the traceparent of an arrival; with one salt it is the same each time, whatever share is sampled."""
        assert self._trace_slot is not None
        return self._filling.values(self._trace_slot, Arrivals([number], [0], {}))[0]

    def _make(self, number: int, arrivals: Arrivals) -> list[Endpoint]:
        base = self._endpoints[number]
        written = self._written.get(number)
        if written is None or written.source is not base.request:
            written = self._written[number] = _Written(self._plan.targets[number], self._forms[number], base.request)
        requests = written.requests(self._filling, arrivals)
        made = self._made[number] + len(requests)
        total = self._mean_bytes[number] * self._made[number] + sum(map(len, requests))
        self._made[number], self._mean_bytes[number] = made, total / made
        fixed = (base.is_head, base.expected, base.heads, base.check, base.whole)
        return [Endpoint(number, base.base, request, *fixed) for request in requests]
