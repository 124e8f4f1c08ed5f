"""Files that a finished run is turned into on request: the percentile spectrum and a Prometheus exposition.

Laws: a file that cannot be written is found out before anything is sent; one of an earlier run stays until there is
another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.histogram import Histogram, histogram_max_ns
from loadgen.core.whole_file import see_writable, write_whole
from loadgen.run.exposition import prom_text
from loadgen.run.spectrum import hgrm_text

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.rundir import RunDirectory


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where they go; None for none."""

    hgrm: Path | None = None
    prom: Path | None = None

    def prepare(self) -> None:
        """See that they can be written, leaving what is there; raise InputError naming every one that cannot be."""
        problems = []
        for key, path in (("--hgrm", self.hgrm), ("--prom", self.prom)):
            if path is not None:
                try:
                    see_writable(path)
                except OSError as error:
                    problems.append(Problem(key, str(path), f"cannot be written: {error.strerror}"))
        if problems:
            raise InputError(problems)

    def write(self, place: RunDirectory, timeout_ns: int) -> None:
        """Write them from what the run left, empty where it left nothing; raise LoadgenError."""
        if self.hgrm is not None:
            _write(self.hgrm, _spectrum(place, timeout_ns))
        if self.prom is not None:
            _write(self.prom, _exposition(place))


def _write(path: Path, made: bytes) -> None:
    try:
        write_whole(path, made)
    except OSError as error:
        raise LoadgenError(f"{path}: cannot be written: {error.strerror}") from error


def _spectrum(place: RunDirectory, timeout_ns: int) -> bytes:
    if not place.latency_hlog.exists():
        return b""
    total = Histogram(histogram_max_ns(timeout_ns))
    for entry in read_hdr_log(place.latency_hlog):
        if entry.tag == "response":
            total.add(entry.histogram)
    return hgrm_text(total).encode("ascii")


def _exposition(place: RunDirectory) -> bytes:
    return prom_text(orjson.loads(place.summary.read_bytes())).encode() if place.summary.exists() else b""
