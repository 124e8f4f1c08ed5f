"""Save a run as a baseline, and say what stands on the shelf."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import utc_now
from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.redact import Redactor
from loadgen.core.rundir import RunDirectory
from reports.analysis.assessment import Question, assess
from reports.analysis.client_change import client_figures
from reports.analysis.fitness import REDIS, objections
from reports.analysis.synthetic import measures_redis
from reports.analysis.targets import targets_of
from reports.loader.baseline_file import BASELINE_KEY, Head, baseline_document
from reports.loader.directory import load
from reports.loader.files import Unreadable, read_object
from reports.loader.shelf import IMPL, Shelf
from reports.model.baseline import Entry, Kept
from reports.render.validation_stub import validation_of
from reports.verbs.measuring import measure

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.baseline import Slot
    from reports.model.measurement import Measurement


def check_impl(impl: str) -> str:
    """Return the name of a cache implementation; raise InputError for one that could not stand in a file name."""
    if not IMPL.fullmatch(impl):
        raise InputError([Problem("--impl (CACHE_IMPL)", impl, "write a small word such as memory or redis")])
    return impl


def keep(current: Path, directory: Path, impl: str, *, force: bool = False, dry_run: bool = False) -> Kept:
    """Keep a run as a baseline unless something speaks against it; raise LoadgenError when it cannot be read.

    With `dry_run` nothing is written.
    """
    found = replace(measure(current, check_impl(impl)), impl=impl)
    verdict, validation = _judged(current, found)
    against = tuple(objections(found, verdict))
    if against and not force:
        return Kept(str(current), impl, None, against, (), refused=True)
    notes = tuple(_notes(found))
    if dry_run:
        return Kept(str(current), impl, None, against, notes)
    document = baseline_document(found, validation, Head(utc_now(), against, client_figures(found)))
    text = Redactor().text(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    path = Shelf(directory).save(text.encode() + b"\n", utc_now(), impl)
    return Kept(str(current), impl, path, against, notes)


def _judged(current: Path, found: Measurement) -> tuple[str, dict[str, Any]]:
    """Return the word of a run's report, empty for a JSON, and the validation that goes into the file."""
    if not current.is_dir():
        return "", read_object(current)
    run = load(current)
    targets, overrides = targets_of(run.targets, os.environ)
    assessment = assess(run, Question(targets, overrides))
    try:
        return str(assessment.verdict), read_object(RunDirectory(current).validation)
    except Unreadable:
        return str(assessment.verdict), validation_of(assessment)


def _notes(found: Measurement) -> list[str]:
    notes = []
    if not found.blocks:
        notes.append("it holds no latencies of blocks: comparisons with it can only check tolerances")
    if not found.latencies:
        notes.append("it holds no histograms of a validation: tolerances of plugins, snapshots and Redis are skipped")
    if found.impl != REDIS and measures_redis(found.latencies):
        notes.append(f"its service used Redis: if that is its cache, keep it with --impl {REDIS} (CACHE_IMPL)")
    return notes


def entries(directory: Path) -> tuple[tuple[Entry, ...], tuple[Slot, ...]]:
    """Return what stands on the shelf, and its links."""
    shelf = Shelf(directory)
    slots = shelf.slots()
    return tuple(_entry(path, slots) for path in shelf.files()), slots


def _entry(path: Path, slots: tuple[Slot, ...]) -> Entry:
    links = tuple(slot.link for slot in slots if slot.target == path.name)
    try:
        found = measure(path)
        head = read_object(path).get(BASELINE_KEY)
    except (LoadgenError, Unreadable) as error:
        return Entry(path.name, links=links, error=str(error).removeprefix(f"{path}: "))
    forced = head.get("forced") if isinstance(head, dict) else None
    return Entry(
        name=path.name,
        status=found.verdict,
        impl=found.impl,
        source=found.name,
        taken="" if found.at is None else f"{found.at:%Y-%m-%d %H:%M}",
        requests=found.requests,
        synthetic=found.synthetic,
        forced=tuple(str(reason) for reason in forced) if isinstance(forced, list) else (),
        links=links,
    )
