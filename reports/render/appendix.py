"""Sections of a completion report, one for each run: appended once, never changed.

Law: pure and idempotent; what a section says of a run stays as it was first written, whatever is appended later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.render.markdown import plain

if TYPE_CHECKING:
    from datetime import datetime

TITLE = "# Phase 5 Completion Report\n"


def append_section(existing: str, run_id: str, at: datetime, body: str) -> str:
    """Return a report with a dated section for a run; unchanged where the run has one already.

    An empty report gets its title first. Headings in `body` go down one level, below the section's own.
    """
    mark = f"<!-- run {plain(run_id)} -->"
    if mark in existing:
        return existing
    before = existing.rstrip("\n") or TITLE.rstrip("\n")
    lines = (f"#{line}" if line.startswith("#") else line for line in body.strip("\n").splitlines())
    return "\n".join([before, "", f"## Run Artifact ({iso_utc(at)})", mark, "", *lines]) + "\n"
