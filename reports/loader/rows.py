"""From metrics.csv to the model."""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING

from loadgen.core.metrics_csv import COLUMNS, HEADER, SAMPLE_NUM, TIMESTAMP, MetricsFileError, read_metrics
from reports.loader.fields import credible, parse_instant
from reports.loader.files import Unreadable, ends_whole
from reports.model.server import Row

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.metrics_csv import Value

FIGURES = tuple(name for name in COLUMNS if name not in (TIMESTAMP, SAMPLE_NUM))

_SHARES = frozenset({
    "http_success_rate", "error_rate", "error_rate_4xx", "error_rate_5xx", "cache_hit_rate",
    "plugin_reload_success_rate", "snapshot_success_rate",
})  # fmt: skip
"""The columns that are a part of a whole: never above 1."""


def read_rows(path: Path, complaints: list[str]) -> tuple[Row, ...]:
    """Return the rows of a metrics.csv; what is odd about single values or the end goes to `complaints`.

    Raises Unreadable for a file that is missing, empty or not a metrics.csv.
    """
    try:
        raw = read_metrics(path)
        whole = ends_whole(path)
        header = _header(path)
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    except MetricsFileError as error:
        raise Unreadable(str(error).removeprefix(f"{path}: ").removeprefix(f"{path}, ")) from error
    except (csv.Error, ValueError) as error:
        raise Unreadable(f"not CSV ({error})") from error
    if not whole:
        complaints.append("its last line is cut off")
    if header != HEADER:
        complaints.append("its header is not that of version 3, so a column may be missing or hold what another should")
    rows = tuple(_row(fields, at, complaints) for at, fields in enumerate(raw, 1))
    if any(after <= before for before, after in itertools.pairwise(row.number for row in rows if row.number)):
        complaints.append("its samples are not in order, or some are in it twice")
    return rows


def _header(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline().decode("utf-8", "replace").rstrip("\r\n")


def _row(fields: dict[str, Value], at: int, complaints: list[str]) -> Row:
    stamp = fields.get(TIMESTAMP)
    moment = parse_instant(stamp) if isinstance(stamp, str) else None
    if moment is None:
        complaints.append(f"row {at} has no readable time")
    number = fields.get(SAMPLE_NUM)
    whole = int(number) if isinstance(number, float) and number.is_integer() and credible(number) else None
    if whole is None:
        complaints.append(f"row {at} has no sample number")
    return Row(whole, moment, {name: _figure(fields.get(name), name, at, complaints) for name in FIGURES})


def _figure(value: Value, name: str, at: int, complaints: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, str) or not credible(value) or value < 0:
        complaints.append(f"row {at}, {name} is no figure")
        return None
    if name in _SHARES and value > 1:
        complaints.append(f"row {at}, {name} is {value:g}, more than the whole")
        return None
    return value
