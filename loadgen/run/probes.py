"""probes.csv: every fast probe's numbers, and what the breaker's inputs said to them.

Laws: one row a probe, flushed; what does not exist is NA; lives in the writer thread.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.last_line import cut_after_last_line
from loadgen.core.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from loadgen.core.events import BreakerLine
    from loadgen.core.messages import Probe

NA = "NA"
_TOTALS = ("requests", "errors_4xx", "errors_5xx", "raw", "degraded", "effective")
_INPUTS = ("error_rate", "effective_fallback", "blind", "client")
COLUMNS = (
    "timestamp", "t_s", "took_ms", "ok", "error", *_TOTALS, "restarted",
    *(f"{name}_{part}" for name in _INPUTS for part in ("state", "value", "threshold")),
)  # fmt: skip


def probe_row(probe: Probe, at: datetime, t0_ns: int, inputs: Iterable[BreakerLine]) -> list[str]:
    """Return the texts of one row; `at` is the wall time of the probe, `t_s` counts from t0."""
    by_name = {line.name: line for line in inputs}
    row = [
        iso_utc(at),
        f"{(probe.at_ns - t0_ns) / NS_PER_S:.3f}",
        f"{probe.took_ns / NS_PER_MS:.3f}",
        "1" if probe.ok else "0",
        probe.error,
        *(_number(getattr(probe, name)) for name in _TOTALS),
        "1" if probe.restarted else "0",
    ]
    for name in _INPUTS:
        line = by_name.get(name)
        row += [NA, NA, NA] if line is None else [line.state.value, _number(line.value), _number(line.threshold)]
    return row


def _number(value: float | None) -> str:
    return NA if value is None else f"{value:.12g}"


class ProbesWriter:
    """Writes the file, or with `go_on` continues the one that is there."""

    def __init__(self, path: Path, *, go_on: bool = False) -> None:
        go_on = go_on and path.exists()
        if go_on:
            cut_after_last_line(path)
        self._file = path.open("a" if go_on else "w", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.writer(self._file, lineterminator="\n")
        if not go_on:
            self._writer.writerow(COLUMNS)

    def write(self, row: list[str]) -> None:
        """Append one row; raise OSError when it cannot be written."""
        self._writer.writerow(row)

    def close(self) -> None:
        self._file.close()
