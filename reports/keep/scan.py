"""Look for secrets in files that are about to leave this host.

Laws: a finding names file and line and never the secret; what cannot be read is a finding too; the encoded histograms
of latency.hlog and the programs of report.html are looked through for known secrets only, because their letters may
look like anything.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from loadgen.core.redact import Redactor, Secret
from loadgen.core.secret_shapes import mask_shapes
from loadgen.core.setting_table import SECRET_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SHORTEST = 6
_MOST_PER_FILE = 5
_ENCODED = ".hlog"
_PROGRAM = '<script id="'
"""Where a program begins in report.html; its data stand in a script of another type."""
_BLOCK_CHARS = 65_536


def known_secrets(environ: Mapping[str, str]) -> list[Secret]:
    """Return the values of the secret variables of an environment, the ones long enough to be told from a word."""
    return [Secret(value) for name in sorted(SECRET_VARIABLES) if len(value := environ.get(name, "")) >= _SHORTEST]


def find_secrets(files: Sequence[tuple[str, Path]], secrets: Sequence[Secret]) -> list[str]:
    """Return a sentence for each place that holds a secret, by the names that the files are given."""
    redactor = Redactor(secrets)
    found: list[str] = []
    for name, path in files:
        try:
            found += _in_file(name, path, redactor)
        except (OSError, EOFError, zlib.error) as error:
            found.append(f"{name}: cannot be looked through ({error})")
    return found


def _in_file(name: str, path: Path, redactor: Redactor) -> Iterator[str]:
    program = False  # inside the program of a page, which is code of ours and of a library
    count = 0
    for first, lines in _blocks(path):
        # a block at a time is faster than a line at a time, and most blocks hold nothing
        if path.suffix != ".html" and not _is_suspicious("".join(lines), redactor, encoded=path.suffix == _ENCODED):
            continue
        for number, line in enumerate(lines, first):
            program = path.suffix == ".html" and (program or _PROGRAM in line)
            if _is_suspicious(line, redactor, encoded=program or path.suffix == _ENCODED):
                count += 1
                if count > _MOST_PER_FILE:
                    yield f"{name}: more lines of this kind"
                    return
                yield f"{name}, line {number}"
            program = program and "</script>" not in line


def _is_suspicious(line: str, redactor: Redactor, *, encoded: bool) -> bool:
    masked = redactor.text(line)
    if masked == line:
        return False
    return masked != mask_shapes(line) if encoded else True


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the file's lines in blocks, each with the number of its first line."""
    opener = gzip.open if path.suffix == ".gz" else open
    first = 1
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        while lines := file.readlines(_BLOCK_CHARS):
            yield first, lines
            first += len(lines)
