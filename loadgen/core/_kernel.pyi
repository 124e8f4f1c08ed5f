"""What the compiled kernel offers; each has a twin in Python, where its meaning is told."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

REVISION: int

class Rows:
    def append(self, row: Iterable[int]) -> None: ...
    def drain(self) -> bytes: ...
    def __len__(self) -> int: ...

class Line:
    due_ns: int
    free_ns: int
    sent_ns: int
    bytes_in: int
    busy: bool
    lost: bool
    last: bool
    fresh: bool
    endpoint: Any
    def __init__(
        self,
        pool: Any,
        view: memoryview,
        endpoint: Any,
        record: Callable[[tuple[int, int, int, int, int]], None],
        backlog: Any,
        free_append: Callable[[Any], None],
    ) -> None: ...
    def attach(self, write: Callable[[bytes], None], is_closing: Callable[[], bool], fd: int) -> None: ...
    def get_buffer(self, sizehint: int) -> memoryview: ...
    def buffer_updated(self, nbytes: int) -> None: ...
    def send(self, due_ns: int, endpoint: Any, now_ns: int) -> None: ...

def burst(
    dues: list[int], picks: list[Any], at: int, pools: Sequence[Any], until_ns: int, send_until_ns: int
) -> int: ...
