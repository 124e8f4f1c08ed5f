"""How a user writes a stage: `30s:100` and `30s:20..100`, or a `[[phase]]` table of a plan file.

Laws: --stage flags replace the phases of a plan file; a rate of 0 is a pause; some rate must be above 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.asked_endpoints import many
from loadgen.core.errors import Problem
from loadgen.core.redact import Redactor
from loadgen.core.setting_readers import read_duration, read_rate
from loadgen.core.setting_table import Source
from loadgen.core.shape import Stage
from loadgen.core.units import Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.setting_layers import Layer
    from loadgen.core.setting_reading import Reading

_HOW = "write DURATION:RATE or DURATION:FROM..TO, such as 30s:100 or 30s:20..100"
_PHASE_KEYS = ("name", "duration", "rate", "from", "to")
_PAUSE = Rate(0, 1)
_read_length = read_duration()


def parse_stage(text: str) -> Stage:
    """Read `30s:100`, a constant rate, or `30s:20..100`, a ramp from one rate to the other.

    Raises ValueError with what is accepted.
    """
    duration, colon, rates = text.partition(":")
    first, dots, last = rates.partition("..")
    if not colon or (dots and not last):
        raise ValueError(_HOW)
    try:
        return Stage(_read_rate(first), _read_length(duration), _read_rate(last) if dots else None)
    except ValueError as error:
        raise ValueError(f"{_HOW} ({error})") from error


def parse_phase_table(number: int, table: object, label: str) -> tuple[Stage | None, list[Problem]]:
    """Read the `number`-th `[[phase]]` of a plan file; `label` names the file in problems."""
    where = f"{label}: phase {number}"
    if not isinstance(table, dict):
        return None, [Problem(where, None, "write it as a [[phase]] table")]
    problems = [
        Problem(f"{where}.{key}", None, f"unknown key; a phase has {', '.join(_PHASE_KEYS)}")
        for key in table
        if key not in _PHASE_KEYS
    ]
    if "duration" not in table:
        problems.append(Problem(f"{where}.duration", None, "missing: write it as 30s or 10m"))
    if ("rate" in table) == ("from" in table) or ("from" in table) != ("to" in table):
        problems.append(Problem(f"{where}.rate", None, "a phase has either rate, or from and to"))
    values: dict[str, Any] = {}
    for key, read in (("duration", _read_length), ("rate", _read_rate), ("from", _read_rate), ("to", _read_rate)):
        if key in table:
            try:
                values[key] = read(str(table[key]))
            except ValueError as error:
                problems.append(Problem(f"{where}.{key}", Redactor().text(str(table[key])), str(error)))
    if problems:
        return None, problems
    name = str(table.get("name", "")).strip()
    return Stage(values.get("rate") or values["from"], values["duration"], values.get("to"), name), []


def asked_stages(reading: Reading) -> tuple[Stage, ...]:
    """Return the stages that the layers ask for, strongest source first; adds what is wrong to the problems."""
    found: list[Stage] = []
    reading.found("stages", Source.DEFAULT, "--stage")
    for layer in reversed(reading.layers):
        flags = many(layer.values.get("stage")) if layer.source is Source.FLAG else ()
        if flags or layer.phases:
            reading.found("stages", layer.source, "--stage" if flags else f"phase ({layer.place})")
            found = _from_flags(flags, reading.problems) if flags else _from_phases(layer, reading.problems)
            if found and all(stage.peak.count == 0 for stage in found):
                reading.problem("stages", None, "every rate is 0: nothing would be sent")
            break
    return tuple(found)


def _from_flags(texts: Sequence[str], problems: list[Problem]) -> list[Stage]:
    stages = []
    for text in texts:
        try:
            stages.append(parse_stage(text))
        except ValueError as error:
            problems.append(Problem("--stage", Redactor().text(text), str(error)))
    return stages


def _from_phases(layer: Layer, problems: list[Problem]) -> list[Stage]:
    stages = []
    for number, table in enumerate(layer.phases, 1):
        stage, wrong = parse_phase_table(number, table, layer.place)
        problems += wrong
        if stage is not None:
            stages.append(stage)
    return stages


def _read_rate(text: str) -> Rate:
    try:
        pause = float(text) == 0
    except ValueError:
        pause = False
    return _PAUSE if pause else read_rate(text)
