"""Preflight's check of the Redis that is to be watched."""

from __future__ import annotations

import re

from loadgen.run.preflight_redis import redis_checks
from tests.support.checks import lines, planned
from tests.support.redis_server import redis_server

PASSWORD = "a-long-password"


async def checked(url: str) -> str:
    (line,) = lines(await redis_checks(planned({"redis_url": url})[1]))
    assert PASSWORD not in line
    return line


async def test_a_redis_is_told_with_version_and_distance_and_what_cannot_be_known() -> None:
    with redis_server(password=PASSWORD) as server:
        line = await checked(server.url)
        refused = await checked(f"redis://127.0.0.1:{server.port}")
    place = rf"127\.0\.0\.1:{server.port}, database 0"
    told = rf"PASS redis: {place}: \w+ [\d.]+, PING [\d.]+ ms; whether the service uses this one cannot be known"
    assert re.match(told, line), line
    assert re.match(rf"WARN redis: {place}: it refuses: .*; its figures will be NA", refused), refused


async def test_one_that_is_not_there_is_a_warning_and_stops_nothing() -> None:
    assert (await checked("redis://127.0.0.1:1")).startswith("WARN redis: 127.0.0.1:1, database 0: no connection: ")


async def test_nothing_is_said_where_none_is_to_be_watched() -> None:
    assert await redis_checks(planned(environ={"REDIS_URL": "redis://127.0.0.1:1"})[1]) == []
