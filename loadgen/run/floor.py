"""This generator's own floor on this host: what `loadgen selftest` measured, and how far above it a result lies. Pure
but for reading and writing the record.

Laws: a record counts only for the host, kernel, Python, loadgen and hot path that it was measured with; a result that
is no further than twice the floor is the floor's, not the service's; without a record nothing is said but that.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.kernel import find_kernel
from loadgen.core.whole_file import see_writable, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_MEASURED = "floor not measured: run loadgen selftest"
RATES = (80, 1_000)
"""The rates, per second, at which the floor is measured."""
NEAR = 2.0
"""Up to so many times the floor a median is the generator's own."""
_BETWEEN_PER_S = 280.0
_FINGERPRINT = ("host", "kernel", "machine", "cpus", "affinity", "python", "implementation")


def record_path(environ: Mapping[str, str]) -> Path:
    """Return where the record is kept: below XDG_STATE_HOME, which is ~/.local/state unless it is set."""
    state = environ.get("XDG_STATE_HOME") or os.path.join(environ.get("HOME") or str(Path.home()), ".local", "state")
    return Path(state) / "loadgen" / "floor.json"


def key_of(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record is for; another host, kernel or version makes it stale."""
    return {
        **{name: fingerprint.get(name) for name in _FINGERPRINT},
        "loadgen": (fingerprint.get("versions") or {}).get("loadgen"),
        "hot_path": "python" if find_kernel() is None else "compiled",
    }


def prepare_record(path: Path) -> None:
    """Make the record's directory and see that a file can be made there; raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    see_writable(path)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the record; raise OSError."""
    write_whole(path, orjson.dumps(dict(record), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True, slots=True)
class Floor:
    """Response times against a server that does nothing, in ms, at a rate; None where they are not known."""

    p50_ms: float | None = None
    p99_ms: float | None = None
    rate_per_s: int = 0

    def body(self, p50_ms: float | None, p99_ms: float | None) -> dict[str, Any]:
        """Return what summary and metadata say about a result with these response times."""
        near = self.p50_ms is not None and p50_ms is not None and p50_ms <= NEAR * self.p50_ms
        return {
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "rate_per_s": self.rate_per_s or None,
            "p50_times": _times(p50_ms, self.p50_ms),
            "p99_times": _times(p99_ms, self.p99_ms),
            "is_the_floor": near,
            "text": self._sentence(p50_ms, p99_ms, near=near),
        }

    def _sentence(self, p50_ms: float | None, p99_ms: float | None, *, near: bool) -> str:
        if self.p50_ms is None or self.p99_ms is None:
            return NOT_MEASURED
        floor = f"floor of this generator (p50 {self.p50_ms:g} ms, p99 {self.p99_ms:g} ms at {self.rate_per_s}/s)"
        times = _times(p50_ms, self.p50_ms)
        if times is None or p50_ms is None:
            return f"no response time to set beside the {floor}"
        if near:
            return (
                f"p50 {p50_ms:g} ms is {times:g} × the {floor}: "
                "it is the generator's floor, the service is faster than can be told"
            )
        p99_times = _times(p99_ms, self.p99_ms)
        deep = "" if p99_times is None else f" and p99 {p99_times:g} ×"
        return f"p50 is {times:g} ×{deep} the {floor}"


def read_floor(path: Path, fingerprint: Mapping[str, Any], rate_per_s: float | None) -> Floor:
    """Return the floor for a load of that rate (None: closed); without figures where no record is for this host."""
    try:
        record = orjson.loads(path.read_bytes())
        if record["key"] != key_of(fingerprint):
            return Floor()
        rate = RATES[0] if rate_per_s is not None and rate_per_s < _BETWEEN_PER_S else RATES[1]
        figures = record["rates"][str(rate)]
        return Floor(float(figures["p50_ms"]), float(figures["p99_ms"]), rate)
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return Floor()  # no record that could be read is no record: the next selftest writes a new one


def _times(value: float | None, floor: float | None) -> float | None:
    return None if value is None or not floor else round(value / floor, 1)
