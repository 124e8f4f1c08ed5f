"""The capacity report in markdown, and its first lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.render.markdown import bullets, document, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from reports.model.capacity import CapacityRun, Corner, Step

NA = "NA"
_ASKED = (
    ("Target", "target"),
    ("Conditions", "conditions"),
    ("Mode", "mode"),
    ("Rate, at most (per s)", "ceiling_per_s"),
    ("Connections", "concurrency"),
    ("Workers", "workers"),
    ("Block (s)", "block_s"),
)
_WORDS = {"p50_ms": "client p50", "p99_ms": "client p99", "mean_ms": "client mean", "open": "open requests"}


def capacity_report(run: CapacityRun, generated: datetime) -> str:
    """Return the report as markdown; `generated` is when it was made (aware)."""
    return document(
        ["# Capacity Report", ""],
        [f"**{plain(run.verdict)}**: {plain(run.reason)}; **{plain(run.interval)}**.", ""],
        [f"Run {plain(run.run_id)}, generated (UTC): {iso_utc(generated)}", ""],
        section("What Limits", bullets(map(plain, _limits(run)))),
        section("Headroom And Scalability", bullets(map(plain, _scaling(run)))),
        section("What Was Asked", table(("Setting", "Value"), [[t, plain(run.asked.get(k, NA))] for t, k in _ASKED])),
        section("Steps", _steps(run.steps), _why(run.steps)),
        section("Measurement", bullets(_measurement(run))),
    )


def capacity_lines(run: CapacityRun) -> str:
    """Return what a terminal shows: the answer, what limits, the headroom."""
    lines = [f"{run.verdict}: {run.interval}", *(f"  {text}" for text in _limits(run) if run.broke)]
    lines += [f"  {text}" for text in _scaling(run)]
    return "\n".join("".join(char for char in line if char.isprintable()) for line in lines) + "\n"


def _limits(run: CapacityRun) -> Iterator[str]:
    if not run.broke:
        yield "No condition broke."
    else:
        first, *others = run.broke
        yield f"First: {first.text}, seen by the {first.side}, at {_rate(run.failed_per_s)}."
        for other in others:
            yield f"Also: {other.text} ({other.side})."
    if not run.clear:
        yield "One end of the interval is close: its bounds straddle the limit, and the estimate decided."
    for side, corners in (
        ("Of the service's own figures", run.server_corners),
        ("Seen by the client", run.client_corners),
    ):
        if corners:
            yield f"{side}, {_corner(corners[0])} bent first" + (
                f"; then {', '.join(_corner(one) for one in corners[1:])}." if corners[1:] else "."
            )
    if not run.server_corners and any(name.startswith("server.") for step in run.steps for name in step.figures):
        yield "None of the service's own figures bent with the load."


def _corner(corner: Corner) -> str:
    name = _WORDS.get(corner.name, corner.name.removeprefix("server."))
    return f"{name} at {_rate(corner.rate_per_s)}"


def _scaling(run: CapacityRun) -> Iterator[str]:
    if run.headroom is not None:
        share, usual = f"{100 * abs(run.headroom):.0f} %", _rate(run.usual_per_s)
        if run.headroom >= 0:
            yield f"Headroom: {share} of the rate that holds is left above the usual {usual}."
        elif run.failed_per_s is None:
            yield f"Headroom: not known; the usual {usual} is more than was tried."
        else:
            yield f"Headroom: none; the usual {usual} is {share} more than the rate that holds."
    law = run.scalability
    if not law:
        yield "Universal Scalability Law: not fitted, it needs four steps that differ, and two requests inside at once."
        return
    peak = law.get("peak_per_s")
    at = "no peak within the model" if peak is None else f"peak {_rate(peak)} with {law['peak_n']:.3g} requests inside"
    yield (
        f"Universal Scalability Law: σ = {law.get('sigma', 0):.4g} (contention), κ = {law.get('kappa', 0):.4g} "
        f"(coherency), {_rate(law.get('one_per_s'))} for one, R² = {law.get('r_squared', 0):.3f}; {at}."
    )


def _steps(steps: Sequence[Step]) -> list[str]:
    headers = ("Step", "Why", "Rate", "Result", "Done/s", "p50 ms", "p99 ms", "Errors", "Open", "Judged")
    return table(headers, [_step_row(step) for step in steps], right=(0, 2, 4, 5, 6, 7, 8, 9))


def _step_row(step: Step) -> list[str]:
    figures = step.figures
    errors = figures.get("error_rate")
    return [
        NA if step.number is None else str(step.number),
        plain(step.purpose),
        _rate(step.rate_per_s),
        plain(step.result) + ("" if step.clear else " (close)"),
        *(NA if name not in figures else f"{figures[name]:.4g}" for name in ("done_per_s", "p50_ms", "p99_ms")),
        NA if errors is None else f"{100 * errors:.3g} %",
        NA if "open" not in figures else f"{figures['open']:.3g}",
        NA if "judged_s" not in figures else f"{figures['judged_s']:g} s",
    ]


def _why(steps: Sequence[Step]) -> list[str]:
    return bullets(
        f"Step {step.number}: {plain('; '.join(one.text for one in step.broke) or step.detail)}"
        for step in steps
        if step.broke or step.detail
    )


def _measurement(run: CapacityRun) -> Iterator[str]:
    yield f"Generator: {plain(run.validity or NA)}"
    for reason in run.validity_reasons:
        yield plain(reason)
    if run.floor:
        yield plain(run.floor)
    for complaint in run.complaints:
        yield f"capacity.json: {plain(complaint)}"


def _rate(per_s: float | None) -> str:
    return NA if per_s is None else f"{per_s:.4g}/s"
