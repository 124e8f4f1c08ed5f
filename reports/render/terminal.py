"""A verdict in a few lines of plain text, for the terminal that waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.analysis.assessment import Assessment


def verdict_lines(assessment: Assessment, reports: Sequence[Path]) -> str:
    """Return the verdict, its reasons, the key figures and where the reports are."""
    lines = [f"Verdict: {assessment.verdict}"]
    lines += [f"  - {_printable(text)}" for text in (*assessment.reasons, *assessment.banners)]
    if assessment.key_figures:
        lines.append(f"  {'; '.join(assessment.key_figures)}")
    return "\n".join([*lines, *(f"  report: {path}" for path in reports)])


def _printable(text: str) -> str:
    """Return a text without control characters: it comes from a file that anyone may have written."""
    return "".join(char if char.isprintable() else " " for char in text)
