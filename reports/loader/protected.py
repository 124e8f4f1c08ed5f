"""What the baselines need: the files in their directory, and the files that their links lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def protected_by(baselines: Path) -> frozenset[Path]:
    """Return the resolved paths; none without such a directory. Raises InputError when it cannot be read."""
    if not baselines.exists():
        return frozenset()
    try:
        return frozenset(path.resolve() for path in baselines.iterdir())
    except OSError as error:
        remedy = f"cannot be read ({error.strerror}): nothing is removed while the baselines are not known"
        raise InputError([Problem("--baselines", str(baselines), remedy)]) from error
