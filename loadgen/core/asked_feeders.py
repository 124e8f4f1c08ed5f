"""Which feeders a command asks for: --feeder flags and the `[feeder.NAME]` tables of its plan file, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.asked_endpoints import many
from loadgen.core.errors import Problem
from loadgen.core.feeder import Feeder, parse_feeder_flag, parse_feeder_table
from loadgen.core.setting_table import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.setting_layers import Layer


def asked_feeders(layers: Sequence[Layer], problems: list[Problem]) -> tuple[tuple[Feeder, ...], frozenset[str]]:
    """Return the feeders that the layers ask for, a flag's before the plan file's, and the names of those not read.

    Adds what is wrong with these to `problems`.
    """
    found: dict[str, Feeder] = {}
    unread: set[str] = set()
    flags = next((layer.values for layer in layers if layer.source is Source.FLAG), {})
    by_flag = {text.partition("=")[0].strip() for text in many(flags.get("feeder"))}
    for layer in layers:
        for name, table in layer.feeders.items():
            if name in by_flag:
                continue
            try:
                found[name] = parse_feeder_table(name, table)
            except ValueError as error:
                problems.append(Problem(f"feeder.{name} ({layer.place})", None, str(error)))
                unread.add(name)
    for text in many(flags.get("feeder")):
        try:
            feeder = parse_feeder_flag(text)
            found[feeder.name] = feeder
        except ValueError as error:
            problems.append(Problem("--feeder", text, str(error)))
            unread.add(text.partition("=")[0].strip())
    return tuple(found.values()), frozenset(unread)
