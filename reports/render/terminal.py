"""A verdict in a few lines of plain text, for the terminal that waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from reports.analysis.assessment import Assessment


def verdict_lines(assessment: Assessment, report: Path) -> str:
    """Return the verdict, its reasons, the key figures and where the report is."""
    lines = [f"Verdict: {assessment.verdict}"]
    lines += [f"  - {_printable(text)}" for text in (*assessment.reasons, *assessment.banners)]
    if assessment.key_figures:
        lines.append(f"  {'; '.join(assessment.key_figures)}")
    return "\n".join([*lines, f"  report: {report}"])


def _printable(text: str) -> str:
    """Return a text without control characters: it comes from a file that anyone may have written."""
    return "".join(char if char.isprintable() else " " for char in text)
