"""The identities that the account of every load keeps, wherever a run left it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_COUNTS = ("scheduled", "sent", "unsent", "dropped", "done", "failed", "in_flight")


def assert_adds_up(totals: Mapping[str, Any]) -> None:
    """Check scheduled = sent + unsent + dropped and sent = done + failed + in flight; groups may be by label."""
    count = {name: sum(totals[name].values()) if isinstance(totals[name], dict) else totals[name] for name in _COUNTS}
    assert count["scheduled"] == count["sent"] + count["unsent"] + count["dropped"], totals
    assert count["sent"] == count["done"] + count["failed"] + count["in_flight"], totals


def assert_accounts_add_up(printed: str, cwd: Path) -> None:
    """Check every account that a command printed as JSON or left in a run directory below `cwd`."""
    found = [_read(printed), *(_read(path.read_text()) for path in cwd.rglob("*.json"))]
    for document in found:
        for name in ("totals", "load", "warmup"):
            account = document.get(name)
            if isinstance(account, dict) and set(_COUNTS) <= account.keys():
                assert_adds_up(account)


def _read(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
