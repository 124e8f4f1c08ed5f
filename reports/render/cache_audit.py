"""The cache audit as the lines that messages fold in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.quantity import NA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.cache_audit import Pattern


def audit_lines(patterns: Sequence[Pattern]) -> str:
    """Return a line for each pattern: impl:key_pattern, hits, misses, rate, total, and whether it is a candidate."""
    lines = [_line(item) for item in patterns]
    candidates = sum(item.candidate for item in patterns)
    return "\n".join([*lines, f"[audit] {len(patterns)} key patterns, {candidates} candidates"]) + "\n"


def _line(item: Pattern) -> str:
    rate = NA if item.rate_pct is None else f"{item.rate_pct:.1f}%"
    name = f"{_word(item.impl)}:{_word(item.key_pattern)}"
    figures = f"hits={item.hits:.0f} misses={item.misses:.0f} rate={rate} total={item.total:.0f}"
    return f"[audit] {name} {figures} candidate={'yes' if item.candidate else 'no'}"


def _word(text: str) -> str:
    return "".join(char if char.isprintable() and char != " " else "_" for char in text)
