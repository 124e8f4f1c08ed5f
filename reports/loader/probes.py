"""From probes.csv to the model."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from reports.loader.files import Unreadable
from reports.model.run import Probes

if TYPE_CHECKING:
    from pathlib import Path


def read_probes(path: Path) -> Probes:
    """Count the fast probes of a run and those that failed; raise Unreadable when there is no such file."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    whole = text[: text.rfind("\n") + 1]
    try:
        reader = csv.DictReader(whole.splitlines())
        rows = list(reader)
    except csv.Error as error:
        raise Unreadable(f"not CSV ({error})") from error
    if "ok" not in (reader.fieldnames or ()):
        raise Unreadable("has no header of probes.csv")
    return Probes(len(rows), sum(row.get("ok", "") not in ("1", "true", "True") for row in rows))
