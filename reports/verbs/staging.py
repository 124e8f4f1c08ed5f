"""What a night is kept as: its validation alone, or with everything that a later comparison needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import utc_now
from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import Redactor
from loadgen.core.rundir import RunDirectory
from reports.analysis.client_change import client_figures
from reports.loader.baseline_file import Head, baseline_document
from reports.loader.files import Unreadable, read_object
from reports.loader.validation import NotAValidationError, load_validation
from reports.verbs.keeping import check_impl
from reports.verbs.measuring import measure_run
from reports.verbs.publishing import complain

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from typing import Any

    from reports.model.measurement import Measurement


def night_of(source: Path, run: Path | None, impl: str) -> tuple[str, date]:
    """Return a night's text and its day.

    A validation alone is kept byte for byte. With a run, which `source` itself may be, the text is a baseline file:
    the validation and the run's latencies by block, its rows and its environment. Raises LoadgenError when `source`
    is no validation, or the run cannot be read.
    """
    if source.is_dir():
        if run is not None:
            raise InputError([Problem("--run", str(run), f"goes with a validation JSON: {source} is a run itself")])
        source, run = _validation_of(source), source
    made = _checked(source)
    if run is None:
        return source.read_text("utf-8"), made
    if not run.is_dir():
        raise InputError([Problem("--run", str(run), "is no run directory: give one that `loadgen baseline` made")])
    found = replace(measure_run(run, check_impl(impl)), impl=impl)
    return _document(found, _object(source)), made


def _validation_of(run: Path) -> Path:
    place = RunDirectory(run).validation
    if not place.exists():
        remedy = f"has no {place.name}: `loadgen report validate {run}` writes it"
        raise InputError([Problem("RUN", str(run), remedy)])
    return place


def _checked(validation: Path) -> date:
    """Return a validation's day, or today where it has none; tell what is odd about it."""
    loaded = load_validation(validation)
    for complaint in loaded.complaints:
        complain(f"{validation}: {complaint}")
    made = loaded.validation.timestamp
    return utc_now().date() if made is None else made.date()


def _object(validation: Path) -> dict[str, Any]:
    try:
        return read_object(validation)
    except Unreadable as error:  # it could be read a moment ago
        raise NotAValidationError(f"{validation}: {error}; expected a validation JSON") from error


def _document(found: Measurement, validation: dict[str, Any]) -> str:
    if not found.blocks:
        complain(f"{found.name}: it holds no latencies of blocks: comparisons with the night can only check tolerances")
    document = baseline_document(found, validation, Head(utc_now(), (), client_figures(found)))
    return Redactor().text(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()) + "\n"
