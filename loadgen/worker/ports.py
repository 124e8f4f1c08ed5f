"""How many local ports the connections of this host to a target hold, and how many there are.

A closed connection keeps its port for a minute on the side that closed first, so a run that opens one for each
request can use them up. Ports are counted by destination, because that is how Linux shares them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_USUAL_RANGE = (32_768, 60_999)
_REMOTE_COLUMN = 2


def port_limit() -> int:
    """Return how many local ports connections to one destination can have."""
    try:
        low, high = (int(word) for word in _RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        low, high = _USUAL_RANGE
    return high - low + 1


def ports_held(remote_ports: Iterable[int], tables: Iterable[Path] = _TABLES) -> int | None:
    """Return the ports held by connections to the busiest destination that has one of these ports.

    Those that wait for their minute to be over count; None where the system does not tell.
    """
    wanted = {f"{port:04X}" for port in remote_ports}
    held: Counter[str] = Counter()
    told = False
    for path in tables:
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        told = True
        for line in lines:
            remote = line.split(maxsplit=_REMOTE_COLUMN + 1)[_REMOTE_COLUMN]
            if remote.rpartition(":")[2] in wanted:
                held[remote] += 1
    return max(held.values(), default=0) if told else None
