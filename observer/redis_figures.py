"""What a Redis says of itself, as figures with units in their names. Pure: its replies in, figures out.

Laws: what a server does not tell is None, never 0; of a slow command only its name is kept, never an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLIENT_NAME = "loadgen-observer"
"""What the observer calls itself on its connection: its own slow commands are left out by this name."""

_COMMAND = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,31}")
_OTHER = "OTHER"

_NUMBERS = {
    "uptime_s": "uptime_in_seconds",
    "connected_clients": "connected_clients",
    "blocked_clients": "blocked_clients",
    "max_clients": "maxclients",
    "rejected_connections": "rejected_connections",
    "used_memory_bytes": "used_memory",
    "peak_memory_bytes": "used_memory_peak",
    "max_memory_bytes": "maxmemory",
    "fragmentation_ratio": "mem_fragmentation_ratio",
    "evictions": "evicted_keys",
    "expirations": "expired_keys",
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "commands": "total_commands_processed",
    "connections_received": "total_connections_received",
    "error_replies": "total_error_replies",
    "ops_per_s": "instantaneous_ops_per_sec",
    "connected_replicas": "connected_slaves",
    "last_fork_us": "latest_fork_usec",
    "delayed_fsyncs": "aof_delayed_fsync",
}
_FLAGS = {"loading": "loading", "saving": "rdb_bgsave_in_progress", "rewriting": "aof_rewrite_in_progress"}
_TEXTS = {
    "run_id": "run_id",
    "eviction_policy": "maxmemory_policy",
    "role": "role",
    "primary_link": "master_link_status",
    "last_save": "rdb_last_bgsave_status",
    "last_append": "aof_last_write_status",
}


def info_figures(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of an INFO reply under our names; a text stays a text, what is missing is None."""
    found: dict[str, Any] = {"server": _server(info)}
    found |= {name: _text(info.get(key)) for name, key in _TEXTS.items()}
    found |= {name: _number(info.get(key)) for name, key in _NUMBERS.items()}
    found |= {name: None if (value := _number(info.get(key))) is None else bool(value) for name, key in _FLAGS.items()}
    databases = [item for name, item in info.items() if re.fullmatch(r"db\d+", name) and isinstance(item, dict)]
    told = info.get("used_memory") is not None  # an INFO that tells no keyspace has no key, one that tells nothing: NA
    found["entries"] = sum(int(_number(item.get("keys")) or 0) for item in databases) if told else None
    found["entries_that_expire"] = sum(int(_number(item.get("expires")) or 0) for item in databases) if told else None
    return found


def _server(info: Mapping[str, Any]) -> str | None:
    for name, key in (("Valkey", "valkey_version"), ("Redis", "redis_version")):
        if info.get(key) is not None:
            return f"{name} {info[key]}"
    return None


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class SlowLog:
    """The slow commands since the last look.

    `new` counts them by the server's own numbers, also those that its log no longer held; `by_command` those that
    were seen, and the slowest of these with its name; `newest` is the number of the newest entry, -1 before any.
    """

    newest: int
    new: int = 0
    by_command: Mapping[str, int] = field(default_factory=dict)
    slowest_us: int | None = None
    slowest_command: str | None = None

    def to_body(self) -> dict[str, Any]:
        return {
            "new": self.new,
            "by_command": dict(self.by_command),
            "slowest_us": self.slowest_us,
            "slowest_command": self.slowest_command,
        }


def slow_log(entries: Sequence[Sequence[Any]], last: int | None) -> SlowLog:
    """Return what a SLOWLOG GET tells since entry number `last`; with None it is only where counting begins.

    An entry is (number, Unix time, duration in µs, [command, argument, ...], client address, client name). Numbers that
    begin anew mean that the server did. Our own commands are left out.
    """
    newest = max((int(entry[0]) for entry in entries), default=-1 if last is None else last)
    if last is None:
        return SlowLog(newest)
    if newest < last:
        last = -1
    fresh = [entry for entry in entries if int(entry[0]) > last]
    foreign = [entry for entry in fresh if not _is_ours(entry)]
    by_command: dict[str, int] = {}
    for entry in foreign:
        name = command_name(entry[3])
        by_command[name] = by_command.get(name, 0) + 1
    slowest = max(foreign, key=lambda entry: int(entry[2]), default=None)
    return SlowLog(
        newest=newest,
        new=newest - last - (len(fresh) - len(foreign)),
        by_command=by_command,
        slowest_us=None if slowest is None else int(slowest[2]),
        slowest_command=None if slowest is None else command_name(slowest[3]),
    )


def command_name(words: Sequence[bytes]) -> str:
    """Return the name of a command in capitals; `OTHER` for what is no name of one."""
    first = words[0] if words else b""
    return first.decode("ascii").upper() if _COMMAND.fullmatch(first) else _OTHER


def _is_ours(entry: Sequence[Any]) -> bool:
    return len(entry) > 5 and entry[5] == CLIENT_NAME.encode()


def latency_events(entries: Sequence[Sequence[Any]]) -> dict[str, dict[str, int]]:
    """Return what a LATENCY LATEST tells: the latest and the highest delay of each kind of event, in ms.

    A server whose latency monitor is off has none.
    """
    return {
        bytes(name).decode("utf-8", "replace"): {"latest_ms": int(latest_ms), "max_ms": int(max_ms)}
        for name, _, latest_ms, max_ms, *_ in entries
    }
