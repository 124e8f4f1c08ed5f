"""The comparison of a run with its baseline as a whole: what may be compared, what changed, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.errors import ExitCode
from reports.analysis.change import Change, absent
from reports.analysis.client_change import GAUGES, client_changes
from reports.analysis.server_change import server_changes
from reports.analysis.tolerances import Outcome, Tolerance, Tolerances, check_tolerances

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.analysis.change import Finding
    from reports.model.measurement import Measurement

_NOT_THE_GENERATOR = frozenset({"workers", "load_average"})
"""What a fingerprint holds that is judged elsewhere, or differs in every run."""
SEED = 5
"""Replicates are drawn from fixed seeds: the same runs give the same answer."""


@dataclass(frozen=True, slots=True)
class Regression:
    """The answer. `refused` says why nothing was compared; `flags` are differences a reader must know."""

    current: tuple[Measurement, ...]
    baseline: Measurement
    history: tuple[Measurement, ...]
    left_out: tuple[str, ...]
    refused: tuple[str, ...]
    flags: tuple[str, ...]
    client: tuple[Finding, ...]
    server: tuple[Finding, ...]
    tolerances: tuple[Tolerance, ...]

    @property
    def change(self) -> Change:
        """The word for the whole: the worst of what counts."""
        if self.broken or any(finding.change is Change.REGRESSED for finding in (*self.client, *self.server)):
            return Change.REGRESSED
        kept = any(item.outcome is Outcome.KEPT for item in self.tolerances)
        if all(run.validation_only for run in self.current) and kept and not self.refused:
            return Change.TOLERATED
        needed = {finding.change for finding in self.client if finding.gauge.needed}
        if self.refused or Change.NOT_COMPARED in needed:
            return Change.NOT_COMPARED
        if self.cut or Change.UNDERPOWERED in needed:
            return Change.UNDERPOWERED
        return Change.IMPROVED if Change.IMPROVED in needed else Change.EQUIVALENT

    @property
    def cut(self) -> tuple[str, ...]:
        """Why runs under test are not whole: what is left may show a regression, never that there is none."""
        return tuple(f"{run.name}: {run.partial}" for run in self.current if run.partial)

    @property
    def broken(self) -> tuple[Tolerance, ...]:
        return tuple(item for item in self.tolerances if item.outcome is Outcome.BROKEN)

    @property
    def exit_code(self) -> ExitCode:
        """1 regressed, 3 when it cannot be told, 0 otherwise."""
        if self.change is Change.REGRESSED:
            return ExitCode.NO_GO
        good = (Change.EQUIVALENT, Change.IMPROVED, Change.TOLERATED)
        return ExitCode.OK if self.change in good else ExitCode.INCOMPLETE


def compare_with_baseline(
    current: Sequence[Measurement], baseline: Measurement, history: Sequence[Measurement], bounds: Tolerances
) -> Regression:
    """Compare runs under test with a baseline and the runs before it that are like it."""
    alike, left_out = [], []
    for run in history:
        differences = [*obstacles(run, baseline), *_unfit(run)]
        if differences:
            left_out.append(f"{run.name}: {'; '.join(differences)}")
        else:
            alike.append(run)
    refused = tuple(reason for run in current for reason in (*obstacles(run, baseline), *_unfit(run)))
    reference = (baseline, *alike)
    if refused:
        client = tuple(absent(gauge, refused[0]) for gauge in GAUGES)
        server: tuple[Finding, ...] = ()
    else:
        client = client_changes(current, reference, np.random.default_rng(SEED))
        server = server_changes(current, reference, np.random.default_rng(SEED))
    return Regression(
        current=tuple(current),
        baseline=baseline,
        history=tuple(alike),
        left_out=tuple(left_out),
        refused=refused,
        flags=tuple(dict.fromkeys(flag for run in current for flag in flags_of(run, baseline))),
        client=client,
        server=server,
        tolerances=check_tolerances(current[0], baseline, bounds),
    )


def obstacles(run: Measurement, baseline: Measurement, other: str = "the baseline") -> tuple[str, ...]:
    """Say what makes two runs incomparable: another load, or a generator split in another way."""
    pairs = (
        ("workers", run.parameters.workers, baseline.parameters.workers),
        ("rate per s", run.parameters.rate_per_s, baseline.parameters.rate_per_s),
        ("connections", run.parameters.concurrency, baseline.parameters.concurrency),
    )
    return tuple(
        f"{name}: {now:g} in {run.name}, {before:g} in {other}"
        for name, now, before in pairs
        if now is not None and before is not None and now != before
    )


def _unfit(run: Measurement) -> Iterator[str]:
    if run.validity == "INVALID":
        yield f"{run.name} is INVALID: the generator was the bottleneck"
    if run.synthetic:
        yield f"{run.name} holds synthetic figures: {run.synthetic}"


def flags_of(
    run: Measurement, baseline: Measurement, names: tuple[str, str] = ("the run under test", "the baseline")
) -> Iterator[str]:
    """Yield the differences that do not forbid a comparison but may explain its result; `names` are the runs'."""
    one_name, other = names
    if run.name == baseline.name and run.at == baseline.at:
        yield f"{other} is this very run, {run.name}"
    if run.impl != baseline.impl:
        yield f"another cache implementation: {run.impl}, {other} {baseline.impl}"
    here, there = run.parameters.base_url, baseline.parameters.base_url
    if here and there and here != there:
        yield f"another target: {here}, {other} {there}"
    for name in sorted({*run.fingerprint, *baseline.fingerprint} - _NOT_THE_GENERATOR):
        now, before = run.fingerprint.get(name, "unknown"), baseline.fingerprint.get(name, "unknown")
        if now != before:
            yield f"the generator differs in {name}: {now}, {other} {before}"
    for one, whose in ((run, one_name), (baseline, other)):
        if one.partial:
            yield f"{whose} is partial: {one.partial}"
        if one.validity == "DEGRADED":
            yield f"{whose} is DEGRADED: the generator was near its limits"
        yield from (f"{whose}: {complaint}" for complaint in one.complaints)
