"""Find the runs that a comparison needs: the run under test, its baseline, and the runs before."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, LoadgenError, Problem
from reports.analysis.regression import compare_with_baseline
from reports.analysis.tolerances import Tolerances
from reports.loader.shelf import DIRECTORY, Shelf
from reports.verbs.keeping import check_impl
from reports.verbs.measuring import measure
from reports.verbs.rotating import nightlies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from reports.analysis.regression import Regression
    from reports.model.measurement import Measurement

MOST_HISTORY = 10
"""How many earlier baselines are looked at: older ones say little about today's neighbours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line named."""

    current: Path
    baseline: Path | None
    again: tuple[Path, ...]
    history: tuple[Path, ...]
    nights: Path | None
    impl: str


def answer(asked: Asked, environ: Mapping[str, str]) -> Regression:
    """Compare; raise LoadgenError when a named file cannot be read or a tolerance is no number."""
    bounds = tolerances_of(environ)
    impl = check_impl(asked.impl)
    current = [measure(path, impl) for path in (asked.current, *asked.again)]
    shelf, place = _baseline(asked.baseline, impl)
    baseline = measure(place, impl)
    named = [path for path in (asked.current, *asked.again) if path.resolve() == place.resolve()]
    if named:
        raise InputError([Problem("BASELINE", str(place), "is the run under test itself; name another one")])
    history = _history(asked.history, shelf, place, impl)
    if asked.nights is not None:
        history = [*history, *_nights(asked.nights, place, impl)][: max(MOST_HISTORY, len(asked.history))]
    taken = {(run.name, run.at) for run in (*current, baseline)}
    earlier = list({(run.name, run.at): run for run in history if (run.name, run.at) not in taken}.values())
    swapped = ""
    if shelf is not None and current[0].blocks and not baseline.blocks and earlier and not asked.history:
        swapped = f"{place.name} holds no latencies, as one that was rotated; compared with {earlier[0].name} instead"
        baseline, earlier = earlier[0], earlier[1:]
    found = compare_with_baseline(current, baseline, earlier, bounds)
    return replace(found, flags=(swapped, *found.flags)) if swapped else found


def _baseline(named: Path | None, impl: str) -> tuple[Shelf | None, Path]:
    """Return the shelf, where one is used, and the file or run directory of the baseline."""
    if named is not None and (not named.is_dir() or (named / "metadata.json").exists()):
        inside = named.parent if named.is_file() else None
        return (Shelf(inside) if inside is not None and Shelf(inside).slots() else None), named
    shelf = Shelf(named or DIRECTORY)
    return shelf, shelf.find(impl)


def _history(named: tuple[Path, ...], shelf: Shelf | None, baseline: Path, impl: str) -> list[Measurement]:
    """Return the earlier runs: those that are named, or else the passed ones of the shelf with the same cache."""
    if named:
        return [measure(path, impl) for place in named for path in _inside(place)]
    files = (() if shelf is None else shelf.files())[: MOST_HISTORY + 1]
    return list(_passed(files, baseline, impl))[:MOST_HISTORY]


def _nights(directory: Path, baseline: Path, impl: str) -> list[Measurement]:
    """Return the newest good nights that hold latencies; a history that has not begun yet has none."""
    files = [path for path, _ in reversed(nightlies(directory))] if directory.is_dir() else []
    return list(islice(_passed(files, baseline, impl), MOST_HISTORY))


def _passed(files: Iterable[Path], baseline: Path, impl: str) -> Iterator[Measurement]:
    """Yield the runs that passed, hold latencies and had the same cache; damaged files are shown by other verbs."""
    for path in files:
        if path.resolve() == baseline.resolve():
            continue
        try:
            run = measure(path, impl)
        except LoadgenError:
            continue
        if run.impl == impl and run.verdict == "pass" and run.blocks:
            yield run


def _inside(place: Path) -> Iterator[Path]:
    if place.is_dir() and not (place / "metadata.json").exists():
        found = sorted(path for path in place.iterdir() if path.suffix == ".json" and not path.is_symlink())
        runs = sorted(path for path in place.iterdir() if (path / "metadata.json").exists())
        if not found and not runs:
            raise InputError([Problem("--history", str(place), "holds no run directory and no JSON")])
        yield from (*found, *runs)
    else:
        yield place


def tolerances_of(environ: Mapping[str, str]) -> Tolerances:
    """Return the tolerances of the environment; raise InputError naming every one that is no number of at least 0."""
    values, problems = {}, []
    for field in fields(Tolerances):
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            problems.append(Problem(name, text, "write a number of at least 0"))
        values[field.name] = value
    if problems:
        raise InputError(problems)
    return Tolerances(**values)
