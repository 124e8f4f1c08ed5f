"""The observer as a process with a Redis beside the service: what is written, and what a Redis in trouble costs."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import orjson
from click.testing import CliRunner

from loadgen.core.clock import monotonic_ns
from loadgen.core.messages import Exit, ObserverFinal, Probe, Sample, Scrape, Start, Stop
from observer.cli import observer
from tests.support.metrics_server import serving, text
from tests.support.observer_process import observer_process, plan_for
from tests.support.redis_server import redis_server

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.messages import ObservePlan
    from tests.support.observer_process import ObserverProcess

PAGE = '# TYPE http_requests_total counter\nhttp_requests_total{status="200"} 100\n'
PASSWORD = "a-long-password"


async def observe(child: ObserverProcess, plan: ObservePlan) -> int:
    """Let a child take its two samples and leave; return its exit code."""
    await child.ready(plan)
    child.send(Scrape("start"))
    await child.get(Sample)
    child.send(Start(monotonic_ns()))
    for _ in range(2):
        assert (await child.get(Sample)).ok
    child.send(Stop(0, "over"))
    child.send(Scrape("end"))
    await child.get(Sample)
    child.send(Exit())
    await child.get(ObserverFinal)
    return await child.exit_code()


def records(place: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (place / "redis.jsonl").read_bytes().splitlines()]


async def test_every_sample_has_a_record_of_redis_and_no_file_has_its_password(tmp_path: Path) -> None:
    with redis_server(password=PASSWORD) as server:
        async with serving(text(PAGE)) as service, observer_process() as child:
            plan = plan_for(service.url, tmp_path, redis_url=server.url, secrets=[PASSWORD])
            assert await observe(child, plan) == 0

    found = records(tmp_path)
    assert [(one["label"], one["sample"], one["ok"]) for one in found] == [
        ("start", 0, True), ("", 1, True), ("", 2, True), ("end", 2, True),
    ]  # fmt: skip
    assert found[0]["address"] == f"127.0.0.1:{server.port}, database 0"
    assert found[2]["info"]["role"] == "master"
    assert found[2]["ping"]["sent"] > 0
    assert found[2]["slow_log"] is not None
    assert all(PASSWORD not in path.read_text() for path in tmp_path.iterdir())
    log = [orjson.loads(line) for line in (tmp_path / "observe.log").read_bytes().splitlines()]
    told = [line for line in log if line["msg"] == "redis"]
    assert len(told) == 4
    assert isinstance(told[-1]["evictions"], int)
    assert isinstance(told[-1]["entries"], int)


async def test_a_redis_that_stands_still_delays_no_scrape_and_no_end(tmp_path: Path) -> None:
    with redis_server() as server:
        os.kill(server.process.pid, signal.SIGSTOP)
        async with serving(text(PAGE)) as service, observer_process() as child:
            assert await observe(child, plan_for(service.url, tmp_path, redis_url=server.url)) == 0
    probes = [message for message in child.seen if isinstance(message, Probe)]
    assert len(probes) >= 3
    assert all(probe.ok for probe in probes)
    found = records(tmp_path)
    assert len(found) == 4
    assert {one["ok"] for one in found} == {False}
    assert {one["info"] for one in found} == {None}
    assert "does not answer" in (tmp_path / "observe.log").read_text()


async def test_without_being_asked_no_redis_is_watched(tmp_path: Path) -> None:
    async with serving(text(PAGE)) as service, observer_process() as child:
        assert await observe(child, plan_for(service.url, tmp_path)) == 0
    assert not (tmp_path / "redis.jsonl").exists()


def look(*arguments: str, **environ: str) -> tuple[int, str]:
    result = CliRunner(env=environ).invoke(observer, ["redis", *arguments], standalone_mode=False)
    assert result.exception is None, result.exc_info
    return int(result.return_value or 0), result.output


def test_one_look_tells_version_and_round_trip_or_why_not() -> None:
    with redis_server(password=PASSWORD) as server:
        code, said = look(REDIS_URL=server.url)
        assert code == 0
        assert f"Redis at 127.0.0.1:{server.port}, database 0: " in said
        assert "whether the service uses this one cannot be known" in said
        assert "ms (p50)" in said
        body = orjson.loads(look("--json", "--times", "3", "--redis-url", server.url)[1])
        assert (body["ok"], body["ping"]["answered"], body["info"]["role"]) == (True, 3, "master")
        code, said = look(REDIS_URL=f"redis://:wrong-password@127.0.0.1:{server.port}")
        assert (code, "it refuses" in said, "wrong-password" in said) == (2, True, False)
    assert look(REDIS_URL=server.url)[0] == 2


def test_an_address_that_is_none_is_refused() -> None:
    result = CliRunner(env={"REDIS_URL": ""}).invoke(observer, ["redis"], standalone_mode=False)
    assert "REDIS_URL: write redis://" in str(result.exception)
