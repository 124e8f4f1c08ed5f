"""Read what a message is about: a run directory, with its validation if it has one, or a validation alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.rundir import RunDirectory
from reports.analysis.assessment import Question, assess
from reports.analysis.digest import digest_of_run, digest_of_validation, joined
from reports.analysis.targets import targets_of
from reports.loader.directory import load
from reports.loader.validation import load_validation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.slo import SloTargets
    from reports.analysis.digest import Digest


def read_digest(path: Path, environ: Mapping[str, str]) -> tuple[Digest, SloTargets]:
    """Return the digest of a run directory or of a validation JSON, and the targets in force.

    Raises LoadgenError when the place holds neither. A damaged validation beside a run is a reason of the digest.
    """
    if path.is_file() and path.suffix == ".json":
        targets, _ = targets_of({}, environ)
        return digest_of_validation(load_validation(path).validation, path.stem), targets
    run = load(path)
    targets, overrides = targets_of(run.targets, environ)
    digest = digest_of_run(assess(run, Question(targets, overrides)))
    validation = RunDirectory(path).validation
    if path.is_dir() and validation.exists():
        try:
            digest = joined(digest, digest_of_validation(load_validation(validation).validation, digest.name))
        except LoadgenError as error:
            digest = replace(digest, well=False, reasons=(*digest.reasons, str(error)))
    return digest, targets


def read_lines(path: Path | None, option: str) -> tuple[str, ...]:
    """Return the lines of a text file without empty ones, headings and list marks.

    A JSON file is one of `report suggest`, or a list of texts. Raises InputError naming the option when the file cannot
    be read.
    """
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
        lines = _json_lines(text) if path.suffix == ".json" else text.splitlines()
    except (OSError, ValueError) as error:
        raise InputError([Problem(option, str(path), f"cannot be read: {error}")]) from error
    stripped = (line.strip() for line in lines)
    return tuple(line.removeprefix("- ").strip() for line in stripped if line and not line.startswith("#"))


def _json_lines(text: str) -> list[str]:
    body = json.loads(text)
    items = body.get("suggestions") if isinstance(body, dict) else body
    if not isinstance(items, list):
        raise ValueError("it has no list of suggestions")
    return [_one_line(item) for item in items]


def _one_line(item: object) -> str:
    if isinstance(item, dict) and {"metric", "current_threshold", "suggested_threshold"} <= item.keys():
        return f"{item['metric']}: {item['current_threshold']} → {item['suggested_threshold']}"
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def read_baseline(path: Path | None, usual: Path, environ: Mapping[str, str]) -> tuple[Digest | None, str]:
    """Return the baseline's digest and how to name it.

    `path` None takes the usual file where it is there; one that cannot be read is then named as such, while a file that
    was asked for raises LoadgenError.
    """
    chosen = usual if path is None and usual.exists() else path
    if chosen is None:
        return None, ""
    try:
        return read_digest(chosen, environ)[0], str(chosen)
    except LoadgenError as error:
        if path is not None:
            raise
        return None, f"{chosen} cannot be read ({error})"
