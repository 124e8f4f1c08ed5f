"""The rules of the repository with short intervals and waits, so that a test sees them at work within seconds."""

from __future__ import annotations

import re
from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / "ops" / "prometheus"
_INTERVAL = re.compile(r"^(\s+interval: ).+$", re.MULTILINE)
_HOLD = re.compile(r"^(\s+for: ).+$", re.MULTILINE)


def quick_rules(place: Path, hold: str = "1s") -> list[Path]:
    """Write both rule files into a directory, evaluated every second, alerts held for `hold`; return their paths.

    The windows of the queries stay: a window that is longer than the history takes what there is.
    """
    found = []
    for name in ("recording-rules.yml", "alerts.yml"):
        text = (DIRECTORY / name).read_text()
        assert _INTERVAL.search(text), name
        quick = _HOLD.sub(rf"\g<1>{hold}", _INTERVAL.sub(r"\g<1>1s", text))
        (place / name).write_text(quick)
        found.append(place / name)
    return found
