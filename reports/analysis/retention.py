"""Which nightly files have had their time.

Laws: the day in the name decides; a link is never followed nor removed; what a baseline needs is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Removal:
    """What may go, and what is old enough and stays all the same, with the reason."""

    remove: tuple[Path, ...]
    kept: tuple[tuple[Path, str], ...]
    total: int


def outdated(
    files: Sequence[tuple[date, Path]], today: date, days: int, protected: AbstractSet[Path] = frozenset()
) -> Removal:
    """Sort out the files whose day lies more than `days` days before `today`."""
    first_kept = today - timedelta(days=days)
    remove, kept = [], []
    for day, path in files:
        if day >= first_kept:
            continue
        if path.is_symlink() or not path.is_file():
            kept.append((path, "not a plain file"))
        elif path.resolve() in protected:
            kept.append((path, "a baseline needs it"))
        else:
            remove.append(path)
    return Removal(tuple(remove), tuple(kept), len(files))
