"""What was sent lately, in a file, so that all processes of a host send one alert once.

Laws: an alert counts as sent only after it was delivered; until then it is claimed for a short while, which ends by
itself when the process that claimed it dies. A critical alert mutes the milder ones of its subject. A file that is
damaged or cannot be written never keeps an alert from being sent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.whole_file import write_whole
from loadgen.notify.alert import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from loadgen.notify.alert import Alert

WINDOW_S = 300
"""How long an alert that was sent is not sent again."""
MUTE_S = 3600
"""How long a critical alert mutes the warnings of its subject."""
CLAIM_S = 60
"""How long an alert that is being sent belongs to the process that sends it."""

_MUTED = frozenset({Severity.INFO, Severity.WARNING})


class Leave(Enum):
    """Whether an alert may be sent, or why not."""

    GRANTED = "granted"
    DUPLICATE = "sent within the last 300 s"
    BEING_SENT = "another process is sending it"
    MUTED = "muted by a critical alert of the same subject"


@dataclass(frozen=True, slots=True)
class _Entry:
    at_s: float
    sent: bool
    severity: str
    subject: str


class Ledger:
    """The file of what was sent to whom; `to` is a receiver's mark, `now` an aware datetime."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"<Ledger {self._path}>"

    def claim(self, alert: Alert, to: str, now: datetime) -> Leave:
        """Ask for leave to send an alert; GRANTED claims it until `confirm`, `release` or 60 s."""
        now_s = now.timestamp()
        with self._locked() as entries:
            entry = entries.get(_key(alert, to))
            if entry is not None and _since(entry, now_s) < (WINDOW_S if entry.sent else CLAIM_S):
                return Leave.DUPLICATE if entry.sent else Leave.BEING_SENT
            if alert.severity in _MUTED and any(_mutes(other, alert, now_s) for other in entries.values()):
                return Leave.MUTED
            entries[_key(alert, to)] = _Entry(now_s, False, alert.severity.value, alert.subject)
        return Leave.GRANTED

    def confirm(self, alert: Alert, to: str, now: datetime) -> None:
        """Note that a claimed alert was delivered."""
        with self._locked() as entries:
            entries[_key(alert, to)] = _Entry(now.timestamp(), True, alert.severity.value, alert.subject)

    def release(self, alert: Alert, to: str) -> None:
        """Give a claim back, because the alert was not delivered: the next attempt may come at once."""
        with self._locked() as entries:
            entries.pop(_key(alert, to), None)

    def stands(self, alert: Alert, to: str, now: datetime) -> bool:
        """Say whether an alert of this severity and subject was delivered within the last hour."""
        with self._locked() as entries:
            return any(
                entry.sent
                and key.endswith(f" {to}")
                and (entry.severity, entry.subject) == (alert.severity.value, alert.subject)
                and _since(entry, now.timestamp()) < MUTE_S
                for key, entry in entries.items()
            )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[dict[str, _Entry]]:
        """Yield the entries under the lock and write them back when they changed."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:  # no place to remember anything: better twice than never
            yield {}
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._read()
            before = dict(entries)
            yield entries
            if entries != before:
                self._write(entries)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, _Entry]:
        try:
            stored = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        items = stored.items() if isinstance(stored, dict) else ()
        return {key: entry for key, value in items if (entry := _entry(value)) is not None}

    def _write(self, entries: dict[str, _Entry]) -> None:
        newest_s = max((entry.at_s for entry in entries.values()), default=0.0)
        kept = {
            key: {"at": entry.at_s, "sent": entry.sent, "severity": entry.severity, "subject": entry.subject}
            for key, entry in entries.items()
            if newest_s - entry.at_s < MUTE_S
        }
        with contextlib.suppress(OSError):
            write_whole(self._path, (json.dumps(kept, indent=2) + "\n").encode())


def _key(alert: Alert, to: str) -> str:
    return f"{alert.key} {to}" if to else alert.key


def _mutes(entry: _Entry, alert: Alert, now_s: float) -> bool:
    critical = entry.severity == Severity.CRITICAL and entry.subject == alert.subject
    return critical and _since(entry, now_s) < (MUTE_S if entry.sent else CLAIM_S)


def _since(entry: _Entry, now_s: float) -> float:
    """Return the seconds since an entry; for ever where the clock was set back behind it.

    A little behind is no clock set back: whoever waited for the lock had looked at the clock before.
    """
    passed_s = now_s - entry.at_s
    return max(passed_s, 0.0) if passed_s > -CLAIM_S else math.inf


def _entry(value: Any) -> _Entry | None:
    if not isinstance(value, dict):
        return None
    at, sent = value.get("at"), value.get("sent")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(sent, bool):
        return None
    return _Entry(float(at), sent, str(value.get("severity", "")), str(value.get("subject", "")))
