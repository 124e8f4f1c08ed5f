"""Suggestions as JSON, which `report thresholds` reads, and as lines for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import iso_utc
from reports.analysis.quantity import plural

if TYPE_CHECKING:
    from reports.model.suggestion import Suggestions


def suggestions_json(found: Suggestions) -> str:
    """Return the document that `report thresholds` reads."""
    document = {
        "generated_at": iso_utc(found.generated_at),
        "window_days": found.window_days,
        "file_count": found.file_count,
        "thresholds_file": found.thresholds_file,
        "rules": asdict(found.rules),
        "suggestions": [
            {key: value for key, value in asdict(item).items() if value != ""} for item in found.suggestions
        ],
        "unsuggested": [asdict(item) for item in found.unsuggested],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def suggestions_text(found: Suggestions) -> str:
    """Return the suggestions, and what none was made for, a line each."""
    lines = [f"{plural(len(found.suggestions), 'suggestion')} from {plural(found.file_count, 'night')}"]
    for item in found.suggestions:
        lines.append(
            f"  {item.metric}: {item.current_threshold:g} → {item.suggested_threshold:g} "
            f"(median {item.median_observed:g} of {plural(item.sample_count, 'night')})"
        )
        lines += [f"    {item.note}"] if item.note else []
    lines += [f"  {item.metric}: none, {item.reason}" for item in found.unsuggested]
    return "\n".join(lines)
