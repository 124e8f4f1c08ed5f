"""Files that a finished run is turned into on request: the percentile spectrum and a Prometheus exposition.

Law: a file that cannot be written is found out before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from loadgen.core.errors import InputError, Problem
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.histogram import Histogram, histogram_max_ns
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
        """Create the files empty; raise InputError naming every one that cannot be."""
        problems = []
        for key, path in (("--hgrm", self.hgrm), ("--prom", self.prom)):
            if path is not None:
                try:
                    path.write_bytes(b"")
                except OSError as error:
                    problems.append(Problem(key, str(path), f"cannot be written: {error.strerror}"))
        if problems:
            raise InputError(problems)

    def write(self, place: RunDirectory, timeout_ns: int) -> None:
        """Write them from what the run left; raise OSError. Without a summary they stay empty."""
        if self.hgrm is not None and place.latency_hlog.exists():
            total = Histogram(histogram_max_ns(timeout_ns))
            for entry in read_hdr_log(place.latency_hlog):
                if entry.tag == "response":
                    total.add(entry.histogram)
            self.hgrm.write_text(hgrm_text(total), encoding="ascii")
        if self.prom is not None and place.summary.exists():
            self.prom.write_text(prom_text(orjson.loads(place.summary.read_bytes())), encoding="utf-8")
