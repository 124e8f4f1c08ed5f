"""Append a run's report, or a validation, to a document on disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.clock import utc_now
from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.redact import Redactor
from loadgen.core.rundir import RunDirectory
from loadgen.core.whole_file import write_whole
from reports.analysis.appended import EMPTY_DOCUMENT, Change, appended, section_of, section_of_file
from reports.analysis.assessment import Question, assess
from reports.analysis.targets import targets_of
from reports.loader.directory import load
from reports.render.production import production_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.analysis.appended import Section

_TITLE = re.compile(r"^# Production Report: (\S+)\s*$", re.MULTILINE)


def append_run(source: Path, target: Path, environ: Mapping[str, str]) -> Change:
    """Append the report of a run directory, or a report file, to the target; create that where it is missing.

    Raises LoadgenError when the source is no run, or the target cannot be read or written.
    """
    return put_section(_section(source, environ), target)


def put_section(section: Section, target: Path) -> Change:
    """Put a section into the target, what is new in it masked; raise LoadgenError when it cannot be."""
    before = _read(target)
    text, change = appended(before, section, utc_now())
    if change is not Change.UNCHANGED:
        _replace(target, _masked_where_new(before, text))
    return change


def _masked_where_new(before: str, text: str) -> str:
    """Mask what is new and leave the lines that were there before as they are: they are not ours to change."""
    known = set(before.splitlines())
    redactor = Redactor()
    return "".join(
        line if line.rstrip("\r\n") in known else redactor.text(line) for line in text.splitlines(keepends=True)
    )


def _section(source: Path, environ: Mapping[str, str]) -> Section:
    beside = source.parent if source.is_file() else source
    if not source.is_file() or RunDirectory(beside).metadata.exists():
        return _judged(beside, source if source.is_file() else RunDirectory(beside).production_report, environ)
    report = _text_of(source)
    title = _TITLE.search(report)
    if title is None:
        remedy = "is no production report (its title is missing), and no run directory is around it"
        raise InputError([Problem("SOURCE", str(source), remedy)])
    return section_of_file(title[1], report)


def _judged(place: Path, report: Path, environ: Mapping[str, str]) -> Section:
    run = load(place)
    targets, overrides = targets_of(run.targets, environ)
    assessment = assess(run, Question(targets, overrides))
    text = _text_of(report) if report.exists() else production_report(assessment, utc_now())
    return section_of(assessment, text)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem("SOURCE", str(path), f"cannot be read: {error}")]) from error


def _read(target: Path) -> str:
    try:
        return target.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return EMPTY_DOCUMENT
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem("--target", str(target), f"cannot be read: {error}")]) from error


def _replace(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, text.encode())
    except OSError as error:
        raise LoadgenError(f"{target}: cannot be written ({error.strerror})") from error
