"""`loadgen drill synth` as a process: what it pushes, prints, leaves behind and ends with."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.drill.scenario import NAMES
from tests.support.gateway import FakeGateway, fake_gateway
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

FAST = ("--push-interval", "200ms")
GROUP = ("loadgen_synth", "error-rate-warn")


async def start(cwd: Path, *arguments: str, gateway: FakeGateway | None = None) -> asyncio.subprocess.Process:
    env = clean_environment({"PUSHGATEWAY_URL": gateway.url} if gateway else {})
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadgen", "drill", "synth", *arguments,
        cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def pushed(gateway: FakeGateway, times: int) -> None:
    async with asyncio.timeout(30):
        while sum(request.startswith("PUT") for request in gateway.requests) < times:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_deletes_the_group_before_it_ends(tmp_path: Path, number: signal.Signals, code: int) -> None:
    async with fake_gateway() as gateway:
        pushes = ("--sink", "pushgateway", "--duration", "5m", *FAST)
        process = await start(tmp_path, GROUP[1], *pushes, gateway=gateway)
        await pushed(gateway, 3)
        assert list(gateway.groups) == [GROUP]
        process.send_signal(number)
        returned, out, err = await ended(process)
    assert returned == code, err
    assert gateway.groups == {}
    assert gateway.requests[-1] == "DELETE /metrics/job/loadgen_synth/instance/error-rate-warn"
    assert out.endswith("; all of it was taken back\n")
    assert "note: error-rate-warn: 5m is too short for RelayErrorRateWarn to fire; they need 14m" in err


@pytest.mark.stack
async def test_all_of_them_play_one_after_another_in_compressed_time(tmp_path: Path) -> None:
    async with fake_gateway() as gateway:
        times = ("--duration", "400", "--gap", "10s", "--compress", "1000")
        process = await start(
            tmp_path, "--all", "--sink", "pushgateway", *times, "--job", "mine", "--json", gateway=gateway
        )
        code, out, err = await ended(process)
    assert code == 0, err
    played = orjson.loads(out)["played"]
    assert [item["scenario"] for item in played] == list(NAMES)
    assert {(item["removed"], item["problem"]) for item in played} == {(True, None)}
    changes = [request for request in gateway.requests if not request.startswith("GET")]
    in_order = [request for request, _ in itertools.groupby(changes)]
    assert in_order == [f"{method} /metrics/job/mine/instance/{name}" for name in NAMES for method in ("PUT", "DELETE")]
    assert err.count("of rest, in which alerts resolve") == 6


async def test_a_gateway_that_goes_away_ends_it_with_what_to_do(tmp_path: Path) -> None:
    async with fake_gateway() as gateway:
        process = await start(tmp_path, "mime-slow", "--sink", "pushgateway", *FAST, gateway=gateway)
        await pushed(gateway, 2)
        gateway.answers = [503] * 100
        code, out, err = await ended(process)
    assert code == 2
    assert "6 pushes in a row failed, the last because the Pushgateway at http://127.0.0.1:" in err
    assert f"remove it with: curl -X DELETE {gateway.url}/metrics/job/loadgen_synth/instance/mime-slow" in err
    assert out.endswith("something is left there\n")


async def test_without_a_service_it_starts_the_demo_and_ends_it_again(tmp_path: Path) -> None:
    code, out, err = await ended(await start(tmp_path, "error-rate-crit", "--duration", "1s", *FAST, "--json"))
    assert code == 0, err
    assert "drill: the demo service is at http://127.0.0.1:" in err
    (played,) = orjson.loads(out)["played"]
    assert played["counts"]["errors"] == pytest.approx(30, abs=5)
    assert played["removed"]
    assert played["alerts"] == ["RelayErrorRateCrit", "RelayErrorRateWarn"]


async def test_bad_input_is_one_message_and_nothing_is_sent(tmp_path: Path) -> None:
    async with fake_gateway() as gateway:
        arguments = ("mime-slw", "--sink", "pushgateway", "--duration", "never")
        code, out, err = await ended(await start(tmp_path, *arguments, gateway=gateway))
    assert (code, out) == (2, "")
    assert err.startswith(
        "loadgen: 2 problems; nothing was done:\n  - SCENARIO = 'mime-slw': there are error-rate-warn"
    )
    assert gateway.requests == []
