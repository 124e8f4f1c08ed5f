"""The origin behind the cache: the documents that the service owns."""

from __future__ import annotations

import asyncio
from typing import Any

MAX_DOCUMENTS = 10_000
READ_S = 0.002


class StoreFullError(Exception):
    """There is no room for another document."""


class Documents:
    """Documents by key; one that nobody wrote has a value made from its key, so that any key can be read."""

    def __init__(self) -> None:
        self._written: dict[str, Any] = {}
        self.revision = 0

    async def read(self, key: str) -> dict[str, Any]:
        """Return a document, after the time that a small database query takes."""
        await asyncio.sleep(READ_S)
        value = self._written.get(key, f"the value of {key}")
        return {"key": key, "value": value, "revision": self.revision}

    def write(self, key: str, value: Any) -> None:
        """Set a document; raise StoreFullError beyond ten thousand of them."""
        if key not in self._written and len(self._written) >= MAX_DOCUMENTS:
            raise StoreFullError(f"the store holds its {MAX_DOCUMENTS} documents")
        self._written[key] = value
        self.revision += 1

    def delete(self, key: str) -> bool:
        """Remove what was written under a key; return whether there was anything."""
        if self._written.pop(key, None) is None:
            return False
        self.revision += 1
        return True

    def dump(self) -> dict[str, Any]:
        """Return what was written; values are never changed in place, so the copy is a frozen picture."""
        return dict(self._written)

    def load(self, written: dict[str, Any]) -> None:
        """Put a picture back."""
        self._written = dict(written)
        self.revision += 1

    def clear(self) -> None:
        self._written.clear()
        self.revision = 0

    def __len__(self) -> int:
        return len(self._written)
