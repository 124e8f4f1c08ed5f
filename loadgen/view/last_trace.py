"""An execution trace as a person reads it, in less than 2,000 characters.

Laws: what stands here was redacted when it was kept, and is redacted again; what does not fit is cut with a clear mark;
a command whose process is gone without an end says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.tracing import trace_fingerprint
from loadgen.core.units import NS_PER_MS
from loadgen.view.figures import latency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_CHARACTERS = 1_999
_CUT = "\n... (truncated)"
_MARKS = {"success": "✅", "failure": "❌", "in_progress": "⏳"}
_LONGEST_DETAIL = 160


def trace_text(trace: Mapping[str, Any], *, alive: bool) -> str:
    """Return the text; `alive` says whether the process of a trace without an end still runs."""
    text = "\n".join(_lines(trace, alive=alive))
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: MOST_CHARACTERS - len(_CUT)] + _CUT


def standing_of(trace: Mapping[str, Any], *, alive: bool) -> str:
    """Return how a trace stands: completed, in progress, or ended without a word."""
    if trace.get("completed_at"):
        broke = any(step["status"] == "failure" for step in trace["steps"])
        return "failed" if trace.get("error") or broke else "completed"
    return "in progress" if alive else "in progress when its process ended without a word (killed, or a crash)"


def _lines(trace: Mapping[str, Any], *, alive: bool) -> Iterator[str]:
    metadata = trace["metadata"]
    yield f"Trace {trace_fingerprint(trace['trace_id'])} ({trace['trace_id']})"
    yield f"Command:  loadgen {trace['command']}, by {trace['user_id']}"
    yield f"Started:  {trace['started_at']}"
    yield f"Duration: {_duration(trace.get('duration_ms'))}"
    yield f"Standing: {standing_of(trace, alive=alive)}"
    if metadata.get("exit_code") is not None:
        yield f"Exit:     {metadata['exit_code']} ({metadata.get('exit_meaning')})"
    if trace.get("error"):
        yield f"Error:    {trace['error']}"
    if metadata.get("run_dir"):
        yield f"Run:      {metadata['run_dir']}"
    yield "Steps:" if trace["steps"] else "Steps:    none"
    for step in trace["steps"]:
        yield f"  {_MARKS.get(step['status'], '?')} {step['name']} {_duration(step['duration_ms'])}{_details(step)}"


def _duration(milliseconds: object) -> str:
    return latency(round(milliseconds * NS_PER_MS) if isinstance(milliseconds, int | float) else None)


def _details(step: Mapping[str, Any]) -> str:
    details = step.get("details")
    if not isinstance(details, dict):
        return ""
    text = ", ".join(f"{name} {_told(value)}" for name, value in details.items() if value not in (None, "", [], {}))
    text = " ".join(text.split())
    short = text if len(text) <= _LONGEST_DETAIL else f"{text[: _LONGEST_DETAIL - 1]}…"
    return f" ({short})" if short else ""


def _told(value: object) -> str:
    return "; ".join(str(item) for item in value) if isinstance(value, list) else str(value)
