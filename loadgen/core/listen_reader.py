"""Settings about our own metrics: where to listen, and which file a textfile collector reads.

Law: as in `loadgen.core.setting_readers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HERE = "127.0.0.1"
_ADDRESS = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):)?(\d{1,5})")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def read_listen(text: str) -> Listen:
    """Read PORT or HOST:PORT; a port alone is on this machine only."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match[2]) > _HIGHEST_PORT:
        raise ValueError("write a port such as 9464, or an address such as 0.0.0.0:9464")
    return Listen((match[1] or _HERE).strip("[]"), int(match[2]))


def read_textfile(text: str) -> str:
    """Read the name of a file in a textfile collector's directory, which reads *.prom only."""
    name = text.strip()
    if not name.endswith(".prom") or name.rpartition("/")[2] == ".prom":
        raise ValueError("write a file name that ends with .prom: a textfile collector reads no other")
    return name
