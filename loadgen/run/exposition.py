"""A finished run in the Prometheus text format, for a textfile collector or a push gateway. Pure.

Law: names and units follow the conventions (base units, `_total`, `_seconds`); a percentile with too few values is
left out, since a sample cannot say that it is unsure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.run.summary import TRENDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PERCENTILES = {"med": "50", "p(90)": "90", "p(95)": "95", "p(99)": "99", "p(99.9)": "99.9"}
"""`quantile` would be the label of a summary, which has a sum and a count as well."""
_STATES = ("VALID", "DEGRADED", "INVALID")


def prom_text(summary: Mapping[str, Any]) -> str:
    """Return a summary.json document as an exposition."""
    totals, rate = summary["totals"], summary["rate"]
    state = summary["validity"].get("state")
    lines = [
        *_family("loadgen_requests_total", "counter", "Requests by what became of them.", _counts(totals)),
        *_family(
            "loadgen_outcomes_total",
            "counter",
            "Requests by how they ended.",
            (({"outcome": name}, count) for name, count in summary["outcomes"].items()),
        ),
        *_family("loadgen_percentile_seconds", "gauge", "Percentiles of the run, by clock.", _percentiles(summary)),
        *_family("loadgen_max_seconds", "gauge", "The highest value, by clock.", _maxima(summary)),
        *_family(
            "loadgen_rate_per_second",
            "gauge",
            "The rate that was asked for and the one that was sent.",
            (({"kind": name}, rate[name]) for name in ("target", "achieved") if rate.get(name) is not None),
        ),
        *_family(
            "loadgen_validity",
            "gauge",
            "1 for the state of the measurement.",
            (({"state": name}, int(name == state)) for name in _STATES),
        ),
        *_family(
            "loadgen_duration_seconds",
            "gauge",
            "How long requests came due.",
            [({}, summary["state"]["testRunDurationMs"] / 1000)],
        ),
    ]
    return "\n".join(lines) + "\n"


def _counts(totals: Mapping[str, int]) -> Iterable[tuple[dict[str, str], float]]:
    return (({"state": name}, count) for name, count in totals.items())


def _percentiles(summary: Mapping[str, Any]) -> Iterable[tuple[dict[str, str], float]]:
    for name, clock in TRENDS.items():
        trend = summary["metrics"][name]
        for key, percentile in _PERCENTILES.items():
            value = trend["values"][key]
            if value is not None and key not in trend.get("too_few", ()):
                yield {"clock": clock, "percentile": percentile}, value / 1000


def _maxima(summary: Mapping[str, Any]) -> Iterable[tuple[dict[str, str], float]]:
    for name, clock in TRENDS.items():
        value = summary["metrics"][name]["values"]["max"]
        if value is not None:
            yield {"clock": clock}, value / 1000


def _family(name: str, kind: str, meaning: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterable[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inner}}} {value:.12g}" if inner else f"{name} {value:.12g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
