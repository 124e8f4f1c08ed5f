"""How often a comparison of runs cries wolf, and how often it sees a wolf: the real rules over simulated runs.

Model: requests at a constant rate, log-normal response times; their level moves from second to second as an AR(1)
process, and from run to run by a log-normal effect. A run under test is compared with a history of runs of an
unchanged service, and with a second run of its own wherever the first comparison is UNDERPOWERED.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from loadgen.core.histogram import slot_of
from loadgen.core.units import NS_PER_MS
from reports.analysis.change import Change
from reports.analysis.client_change import client_changes
from reports.analysis.ranks import rank_test
from reports.loader.blocks import unit_length_s
from reports.model.measurement import Block, Measurement
from reports.model.run import Parameters

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from reports.analysis.change import Finding

SEED = 20260201
RATE_PER_S = 20
RUN_S = 7_200
RHO = 0.8
SECOND_DEVIATION = 0.10
REQUEST_DEVIATION = 0.6
BETWEEN_DEVIATION = 0.03
MEDIAN_MS = 50.0
HISTORY = 5
EFFECTS = (0.0, 0.05, 0.10)
DRAWS = 400
SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Simulated:
    """One run: its response times in ns, second by second, before any change of the service."""

    latencies_ns: NDArray[np.float64]

    def measured(self, effect: float = 0.0) -> Measurement:
        """Return the run as it is compared, slower by `effect`."""
        seconds, rate = self.latencies_ns.shape
        unit = round(unit_length_s(seconds, 1.0))
        slots = slot_of((self.latencies_ns * (1 + effect)).astype(np.int64)).reshape(-1, unit * rate)
        blocks = []
        for at, inside in enumerate(slots):
            used, counts = np.unique(inside, return_counts=True)
            blocks.append(Block(float(at * unit), float(unit), used, counts.astype(np.int64), int(counts.sum())))
        asked = Parameters(rate_per_s=float(rate), planned_requests=seconds * rate, duration_s=float(seconds))
        return Measurement("simulated", "", parameters=asked, unit_s=float(unit), blocks=tuple(blocks))

    def rows_p95(self, effect: float = 0.0) -> NDArray[np.float64]:
        """Return the p95 of every second, as load-stats.csv has it."""
        rows: NDArray[np.float64] = np.percentile(self.latencies_ns * (1 + effect), 95, axis=1)
        return rows


def simulate(generator: np.random.Generator, seconds: int, rate: int, between: float) -> Simulated:
    """Draw a run; the level of the first second is from the stationary distribution."""
    shocks = generator.normal(0.0, SECOND_DEVIATION * math.sqrt(1 - RHO**2), seconds)
    shocks[0] = generator.normal(0.0, SECOND_DEVIATION)
    levels = np.empty(seconds)
    level = 0.0
    for at, shock in enumerate(shocks.tolist()):
        level = RHO * level + shock
        levels[at] = level
    own = generator.normal(0.0, REQUEST_DEVIATION, (seconds, rate))
    run_effect = generator.normal(0.0, between)
    return Simulated(MEDIAN_MS * NS_PER_MS * np.exp(own + levels[:, None] + run_effect))


@dataclass(slots=True)
class Tally:
    """Verdicts on p95 for one true effect."""

    effect: float
    comparisons: int = 0
    one_run: dict[str, int] | None = None
    two_runs: dict[str, int] | None = None
    any_figure_one_run: int = 0
    any_figure_two_runs: int = 0
    beyond_smallest: int = 0
    rank_test: int = 0
    bare_5_percent: int = 0
    bare_20_percent: int = 0

    def shares(self) -> dict[str, Any]:
        """Return everything as shares of the comparisons."""
        total = self.comparisons

        def split(counts: dict[str, int] | None) -> dict[str, float]:
            return {name: _share((counts or {}).get(name, 0), total) for name in _NAMES}

        return {
            "effect": self.effect,
            "comparisons": total,
            "one_run": split(self.one_run),
            "second_run_where_underpowered": split(self.two_runs),
            "any_client_figure_regressed": {
                "one_run": _share(self.any_figure_one_run, total),
                "second_run_where_underpowered": _share(self.any_figure_two_runs, total),
            },
            "other_rules_saying_slower": {
                "interval beyond 5 %": _share(self.beyond_smallest, total),
                "rank test on rows of a second": _share(self.rank_test, total),
                "more than 5 % above the last run": _share(self.bare_5_percent, total),
                "more than 20 % above the last run": _share(self.bare_20_percent, total),
            },
        }


_NAMES = tuple(str(change) for change in (Change.EQUIVALENT, Change.UNDERPOWERED, Change.REGRESSED, Change.IMPROVED))


def _share(part: int, total: int) -> float:
    return round(part / total, 4)


def _p95(findings: tuple[Finding, ...]) -> Finding:
    return next(finding for finding in findings if finding.gauge.key == "p95")


def _regressed(findings: tuple[Finding, ...]) -> bool:
    return any(finding.change is Change.REGRESSED for finding in findings)


def compare_once(generator: np.random.Generator, seconds: int, between: float, tallies: list[Tally]) -> None:
    """Simulate one history and one or two runs under test, and judge them at every true effect."""
    history = [simulate(generator, seconds, RATE_PER_S, between) for _ in range(HISTORY)]
    tests = [simulate(generator, seconds, RATE_PER_S, between) for _ in range(2)]
    reference = [replace(run.measured(), name=f"history {at}") for at, run in enumerate(history, 1)]
    rows = history[-1].rows_p95()
    for tally in tallies:
        runs = [run.measured(tally.effect) for run in tests]
        first = client_changes(runs[:1], reference, np.random.default_rng(SEED), DRAWS)
        final = first
        if _p95(first).change is Change.UNDERPOWERED:
            final = client_changes(runs, reference, np.random.default_rng(SEED), DRAWS)
        _count(tally, first, final)
        tested = tests[0].rows_p95(tally.effect)
        tally.rank_test += rank_test(tested, rows) < SIGNIFICANCE and bool(np.median(tested) > np.median(rows))
        last = _p95(first).history[-1][1]
        now = _p95(first).current
        assert now is not None
        tally.bare_5_percent += now > 1.05 * last
        tally.bare_20_percent += now > 1.20 * last


def _count(tally: Tally, first: tuple[Finding, ...], final: tuple[Finding, ...]) -> None:
    tally.comparisons += 1
    for name, findings in (("one_run", first), ("two_runs", final)):
        counts = getattr(tally, name) or {}
        word = str(_p95(findings).change)
        counts[word] = counts.get(word, 0) + 1
        setattr(tally, name, counts)
    tally.any_figure_one_run += _regressed(first)
    tally.any_figure_two_runs += _regressed(final)
    interval, smallest = _p95(first).interval, _p95(first).smallest
    assert interval is not None
    assert smallest is not None
    tally.beyond_smallest += interval.low > smallest


def thirty_requests(generator: np.random.Generator) -> str:
    """Return the word for two runs of 30 requests, the second 10 % slower."""
    one, other = (simulate(generator, 30, 1, BETWEEN_DEVIATION) for _ in range(2))
    found = client_changes([other.measured(0.10)], [one.measured()], np.random.default_rng(SEED), DRAWS)
    return str(_p95(found).change)


def measure_all(comparisons: int, seconds: int, seed: int) -> dict[str, Any]:
    """Run the whole simulation and compare it with what the comparison of runs must hold."""
    began = perf_counter()
    generator = np.random.default_rng(seed)
    tallies = [Tally(effect) for effect in EFFECTS]
    for _ in range(comparisons):
        compare_once(generator, seconds, BETWEEN_DEVIATION, tallies)
    noisier = [Tally(0.0)]
    for _ in range(comparisons // 2):
        compare_once(generator, seconds, 2 * BETWEEN_DEVIATION, noisier)
    table = [tally.shares() for tally in tallies]
    small = thirty_requests(generator)
    both = "second_run_where_underpowered"
    bars = {
        "false REGRESSED on p95 at most 5 %, one run": table[0]["one_run"]["REGRESSED"] <= 0.05,
        "false REGRESSED on p95 at most 5 %, second run where underpowered": table[0][both]["REGRESSED"] <= 0.05,
        "+10 % on p95 found in at least 90 %, second run where underpowered": table[-1][both]["REGRESSED"] >= 0.90,
        "30 requests are UNDERPOWERED": small == Change.UNDERPOWERED,
    }
    return {
        "ok": all(bars.values()),
        "bars": bars,
        "seed": seed,
        "took_s": round(perf_counter() - began, 1),
        "model": {
            "rate_per_s": RATE_PER_S, "seconds": seconds, "rho": RHO, "second_deviation": SECOND_DEVIATION,
            "request_deviation": REQUEST_DEVIATION, "between_deviation": BETWEEN_DEVIATION, "history": HISTORY,
        },
        "thirty_requests": small,
        "table": table,
        "between_deviation_6_percent": noisier[0].shares(),
    }  # fmt: skip


def markdown(figures: dict[str, Any]) -> str:
    """Return the table of docs/REGRESSION.md."""
    both = "second_run_where_underpowered"
    rows = [
        (f"{row['effect']:+.0%}".replace("+0%", "none"), title, row[key])
        for row in figures["table"]
        for title, key in (("one run", "one_run"), ("a second where UNDERPOWERED", both))
    ]
    lines = [
        "| true change of p95 | runs under test | EQUIVALENT | UNDERPOWERED | REGRESSED | IMPROVED |",
        "|---|---|---|---|---|---|",
        *(
            f"| {effect} | {title} | " + " | ".join(f"{words[name]:.1%}" for name in _NAMES) + " |"
            for effect, title, words in rows
        ),
        "",
        "| said to be slower by | no change | +5% | +10% |",
        "|---|---|---|---|",
    ]
    for rule in figures["table"][0]["other_rules_saying_slower"]:
        shares = " | ".join(f"{row['other_rules_saying_slower'][rule]:.1%}" for row in figures["table"])
        lines.append(f"| {rule} | {shares} |")
    return "\n".join(lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--comparisons", type=int, default=1_000, help="comparisons for each effect (default 1000)")
    parser.add_argument("--seconds", type=int, default=RUN_S, help="length of every run (default 7200)")
    parser.add_argument("--seed", type=int, default=SEED)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    return measure_all(options.comparisons, options.seconds, options.seed)


def render(figures: dict[str, Any]) -> str:
    """Return the bars and the table of verdicts."""
    lines = [f"{'met ' if met else 'MISSED'} {bar}" for bar, met in figures["bars"].items()]
    for row in figures["table"]:
        for looks in ("one_run", "second_run_where_underpowered"):
            words = ", ".join(f"{name} {share:.1%}" for name, share in row[looks].items())
            lines.append(f"{row['effect']:+.0%}, {looks.replace('_', ' ')}: {words}")
        others = ", ".join(f"{name} {share:.1%}" for name, share in row["other_rules_saying_slower"].items())
        lines.append(f"{row['effect']:+.0%}, other rules saying slower: {others}")
    return "\n".join(lines)
