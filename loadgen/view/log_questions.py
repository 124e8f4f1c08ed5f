"""The four questions to the logs: trouble of a trace, usage by field, errors over time, durations of traces. Pure.

Laws: what is not known is None, never 0; a share stands beside the counts that it comes from; times are UTC.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import iso_utc, parse_utc
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadgen.view.log_files import Line, LogFiles

    Row = dict[str, Any]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
TROUBLE = ("warn", "error")
_OF_TRACE = ("trace_id", "request_trace_id")
_KNOWN = frozenset({"ts", "level", "service", "fn", *_OF_TRACE, "correlation_id", "user_id", "cmd", "msg"})


def trouble_of(files: LogFiles, trace_id: str) -> list[Row]:
    """Return the warnings and errors of a trace in the order of their time; a beginning of its id will do.

    A trace that is kept adds its error and its failed steps.
    """
    rows = [
        _trouble_row(line)
        for line in files.lines()
        if line.get("level") in TROUBLE and any(str(line.get(name) or "").startswith(trace_id) for name in _OF_TRACE)
    ]
    for found, trace in files.traces.items():
        if found.startswith(trace_id):
            rows += _failures(trace)
    return sorted(rows, key=lambda row: _instant(row) or _LONG_AGO)


def usage_by(files: LogFiles, name: str) -> list[Row]:
    """Return, for each value of a field, how many lines, warnings, errors, traces and failed traces it has."""
    counts: dict[str, Counter[str]] = {}
    for line in files.lines():
        counter = counts.setdefault(_text(line.get(name)), Counter())
        counter["lines"] += 1
        counter[str(line.get("level"))] += 1
    for trace in files.traces.values():
        counter = counts.setdefault(_text(_of_trace(trace, name)), Counter())
        counter["traces"] += 1
        counter["failed"] += bool(trace.get("error"))
    rows = [
        {
            name: value,
            "lines": counter["lines"],
            "warnings": counter["warn"],
            "errors": counter["error"],
            "traces": counter["traces"],
            "failed_traces": counter["failed"],
        }
        for value, counter in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row["traces"], -row["lines"], row[name]))


@dataclass(slots=True)
class _Bin:
    lines: int = 0
    warnings: int = 0
    errors: int = 0


def errors_by_time(files: LogFiles, bin_ns: int) -> list[Row]:
    """Return the lines, warnings and errors of each bin of time that has lines, and the share of errors in it."""
    bins: dict[int, _Bin] = {}
    width_s = bin_ns / NS_PER_S
    for line in files.lines():
        at = _instant(line)
        if at is None:
            continue
        one = bins.setdefault(int(at.timestamp() // width_s), _Bin())
        one.lines += 1
        one.warnings += line.get("level") == "warn"
        one.errors += line.get("level") == "error"
    return [
        {
            "from": iso_utc(datetime.fromtimestamp(number * width_s, UTC)),
            "lines": one.lines,
            "warnings": one.warnings,
            "errors": one.errors,
            "error_rate": one.errors / one.lines,
        }
        for number, one in sorted(bins.items())
    ]


def durations(files: LogFiles) -> list[Row]:
    """Return how long each trace took; of one that is only in log lines, from its first line to its last."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for line in files.lines():
        at, trace_id = _instant(line), line.get("trace_id")
        if at is not None and trace_id:
            first, last = spans.get(str(trace_id), (at, at))
            spans[str(trace_id)] = (min(first, at), max(last, at))
    rows = [
        {
            "trace_id": trace_id,
            "command": trace["command"],
            "started_at": trace["started_at"],
            "duration_ms": trace["duration_ms"],
            "standing": "in progress" if trace["completed_at"] is None else "failed" if trace["error"] else "completed",
            "from": "trace",
        }
        for trace_id, trace in files.traces.items()
    ]
    rows += [
        {
            "trace_id": trace_id,
            "command": None,
            "started_at": iso_utc(first),
            "duration_ms": round((last - first).total_seconds() * 1_000, 3),
            "standing": None,
            "from": "log lines",
        }
        for trace_id, (first, last) in spans.items()
        if trace_id not in files.traces
    ]
    return sorted(rows, key=lambda row: str(row["started_at"]))


def _trouble_row(line: Line) -> Row:
    names = ("ts", "level", "service", *_OF_TRACE, "correlation_id", "cmd", "msg")
    row = {name: line[name] for name in names if line.get(name) is not None}
    extras = {name: value for name, value in line.items() if name not in _KNOWN}
    return {**row, "fields": extras} if extras else row


def _failures(trace: Mapping[str, Any]) -> Iterator[Row]:
    about = {"level": "error", "service": "trace", "trace_id": trace["trace_id"], "cmd": trace["command"]}
    if trace.get("error"):
        yield {"ts": trace.get("completed_at") or trace["started_at"], **about, "msg": str(trace["error"])}
    for step in trace["steps"]:
        if step["status"] == "failure":
            row = {"ts": step.get("timestamp"), **about, "msg": f"the step {step['name']} failed"}
            yield {**row, "fields": step["details"]} if step.get("details") else row


def _of_trace(trace: Mapping[str, Any], name: str) -> object:
    return {
        "cmd": trace["command"],
        "user_id": trace["user_id"],
        "correlation_id": trace["metadata"].get("run_id"),
        "level": "error" if trace.get("error") else "info",
    }.get(name)


def _text(value: object) -> str:
    return "(none)" if value is None else str(value)


def _instant(line: Line) -> datetime | None:
    try:
        return parse_utc(str(line["ts"]))
    except ValueError:
        return None
