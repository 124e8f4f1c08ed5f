"""Look through a source tree for guarded flags that are switched on: `preflight --scan DIR`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.run.preflight_model import Check, failed, passed, warned
from loadgen.run.preflight_settings import GUARDED_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

_ON = re.compile(rf"""\b({"|".join(GUARDED_FLAGS)})\b["'\]]*\s*(?:=|:|:=)\s*["']?true\b""", re.IGNORECASE)
_SKIPPED_DIRECTORIES = frozenset({".git", ".venv", "node_modules", "__pycache__", "dist", "build", "results"})
_PROSE = frozenset({".md", ".rst", ".txt"})
_LARGEST_BYTES = 2_000_000


def scan(directory: Path) -> tuple[Check, ...]:
    """Return one FAIL for each line that sets a guarded flag to true, or one PASS.

    Prose, generated directories, links, binaries and files beyond 2 MB are not looked at; a file that cannot be read
    is a WARN.
    """
    checks: list[Check] = []
    count = 0
    for path in _files(directory):
        try:
            data = path.read_bytes()
        except OSError as error:
            checks.append(warned("scan", f"{path.relative_to(directory)}: cannot be read: {error.strerror}"))
            continue
        if b"\0" in data[:8_192]:
            continue
        count += 1
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            match = _ON.search(line)
            if match:
                place = f"{path.relative_to(directory)}:{number}"
                checks.append(failed("scan", f"{place}: {match[1]} is true: remove it or set it to false"))
    if not checks:
        checks.append(passed("scan", f"{count:,} files, none sets {', '.join(GUARDED_FLAGS)} to true"))
    return tuple(checks)


def _files(directory: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(directory):
        directories[:] = sorted(set(directories) - _SKIPPED_DIRECTORIES)
        for name in sorted(names):
            path = Path(place) / name
            small = not path.is_symlink() and path.is_file() and path.stat().st_size <= _LARGEST_BYTES
            if path.suffix.lower() not in _PROSE and small:
                yield path
