"""What a Redis says of itself, as figures."""

from __future__ import annotations

from typing import Any

import pytest

from observer.redis_figures import CLIENT_NAME, SlowLog, command_name, info_figures, latency_events, slow_log


def entry(number: int, duration_us: int, *words: bytes, client: bytes = b"") -> list[Any]:
    return [number, 1_700_000_000, duration_us, list(words), b"127.0.0.1:5", client]


def test_an_info_is_read_by_our_names_and_what_is_missing_is_none() -> None:
    found = info_figures(
        {
            "valkey_version": "9.1.2", "redis_version": "7.2.4", "used_memory": 1024, "keyspace_hits": 5,
            "role": "slave",
            "master_link_status": "down", "rdb_bgsave_in_progress": 1, "loading": 0,
            "db0": {"keys": 3, "expires": 1, "avg_ttl": 0}, "db7": {"keys": 2, "expires": 0},
        }
    )  # fmt: skip
    assert (found["server"], found["role"], found["primary_link"]) == ("Valkey 9.1.2", "slave", "down")
    assert (found["used_memory_bytes"], found["hits"], found["misses"]) == (1024, 5, None)
    assert (found["entries"], found["entries_that_expire"]) == (5, 1)
    assert (found["saving"], found["loading"], found["rewriting"]) == (True, False, None)
    assert info_figures({"redis_version": "7.0.15"})["server"] == "Redis 7.0.15"


def test_a_server_that_tells_nothing_has_no_figure() -> None:
    assert set(info_figures({}).values()) == {None}


def test_the_slow_log_is_counted_by_its_numbers_and_told_by_names_only() -> None:
    """Entries 8 to 11 are new since 7, and 8 is no longer held; one of them is our own."""
    held = [
        entry(11, 900, b"keys", b"user:*"),
        entry(10, 2_000, b"GET", b"secret-key"),
        entry(9, 5_000, b"INFO", client=CLIENT_NAME.encode()),
        entry(7, 9_999, b"SORT", b"x"),
    ]
    found = slow_log(held, 7)

    assert found == SlowLog(11, 3, {"KEYS": 1, "GET": 1}, 2_000, "GET")
    assert "secret" not in repr(found)
    assert slow_log(held, None) == SlowLog(11), "the first look is where counting begins"
    assert slow_log([], None).newest == -1
    assert slow_log([], 7) == SlowLog(7)


def test_numbers_that_fall_are_a_server_that_began_anew() -> None:
    assert slow_log([entry(1, 5, b"GET"), entry(0, 7, b"SET")], 500) == SlowLog(1, 2, {"GET": 1, "SET": 1}, 7, "SET")


@pytest.mark.parametrize(
    ("words", "name"),
    [((b"hgetall", b"k"), "HGETALL"), ((), "OTHER"), ((b"a word",), "OTHER"), ((b"\xff",), "OTHER"),
     ((b"x" * 33,), "OTHER"), ((b"json.get", b"k"), "JSON.GET")],
)  # fmt: skip
def test_only_a_name_of_a_command_is_kept(words: tuple[bytes, ...], name: str) -> None:
    assert command_name(words) == name


def test_latency_events_keep_the_latest_and_the_highest() -> None:
    assert latency_events([[b"command", 1_700_000_000, 30, 120], [b"fork", 1_700_000_001, 5, 5]]) == {
        "command": {"latest_ms": 30, "max_ms": 120},
        "fork": {"latest_ms": 5, "max_ms": 5},
    }
