"""From probes.csv to the model."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from reports.loader.fields import credible
from reports.loader.files import Unreadable
from reports.model.run import Probes
from reports.model.timeline import ProbePoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_YES = ("1", "true", "True")


def read_probes(path: Path) -> Probes:
    """Return the fast probes of a run; raise Unreadable when there is no such file."""
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
    points = tuple(_point(row) for row in rows)
    return Probes(len(points), sum(not point.ok for point in points), points)


def _point(row: Mapping[str, str | None]) -> ProbePoint:
    ok = row.get("ok") in _YES
    errors = [value for name in ("errors_4xx", "errors_5xx") if (value := _figure(row, name)) is not None]
    return ProbePoint(
        t_s=_figure(row, "t_s"),
        ok=ok,
        requests=_figure(row, "requests") if ok else None,
        errors=sum(errors) if ok and errors else None,
        restarted=row.get("restarted") in _YES,
    )


def _figure(row: Mapping[str, str | None], name: str) -> float | None:
    try:
        value = float(row.get(name) or "nan")
    except ValueError:
        return None
    return value if credible(value) else None
