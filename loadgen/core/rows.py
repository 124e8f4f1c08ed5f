"""Where ended requests are written down: rows of five 64-bit integers, appended one by one and taken all at once.

`append` takes whole rows as one flat sequence of integers; it is the one call per request of the recording side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from loadgen.core.kernel import find_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from loadgen.core import _kernel

ROW_WIDTH = 5


class Rows(Protocol):
    """What a recorder keeps its rows in; its length is the number of rows."""

    @property
    def append(self) -> Callable[[Iterable[int]], None]: ...

    def take(self) -> NDArray[np.int64]:
        """Return all rows as a matrix with a line each, and forget them."""

    def __len__(self) -> int: ...


class PlainRows:
    """Rows in a list of Python."""

    def __init__(self) -> None:
        self._items: list[int] = []
        self.append = self._items.extend

    def take(self) -> NDArray[np.int64]:
        rows = np.array(self._items, np.int64).reshape(-1, ROW_WIDTH)
        self._items.clear()
        return rows

    def __len__(self) -> int:
        return len(self._items) // ROW_WIDTH


def new_rows() -> Rows:
    """Return the fastest rows there are; `append` of the compiled ones is known to the compiled connections."""
    kernel = find_kernel()
    return PlainRows() if kernel is None else CompiledRows(kernel.Rows())


class CompiledRows:
    """Rows in memory of the compiled kernel: no integer objects, and no conversion when they are taken."""

    def __init__(self, rows: _kernel.Rows) -> None:
        self._rows = rows
        self.append = rows.append

    def take(self) -> NDArray[np.int64]:
        return np.frombuffer(self._rows.drain(), np.int64).reshape(-1, ROW_WIDTH)

    def __len__(self) -> int:
        return len(self._rows)
