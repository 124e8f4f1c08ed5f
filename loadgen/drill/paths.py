"""What the drill's own load asks the demo service for. Pure."""

from __future__ import annotations

_KEYS = 5
_EVERY = 4


def known_keys(number: int) -> str:
    """Ask for a few documents again and again, so that the cache has them."""
    return f"/api/data/drill:{number % _KEYS}"


def some_new_keys(number: int) -> str:
    """Ask for a new document every fourth time, so that the cache is also written to."""
    return f"/api/data/drill:new-{number}" if number % _EVERY == 0 else known_keys(number)
