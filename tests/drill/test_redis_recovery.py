"""Redis recovers after a disconnect: a real Valkey is stopped under the demo service and continued."""

from __future__ import annotations

import os

import pytest

from loadgen.core.clock import utc_now
from loadgen.core.units import NS_PER_MS
from loadgen.demo.settings import CacheImpl, Settings
from loadgen.demo.valkey import with_server
from loadgen.drill.redis_disconnect import STOP, RedisDisconnect
from tests.support.drills import drill_on_demo

LONGER_THAN_A_RETRY_NS = 3_000 * NS_PER_MS


@pytest.mark.stack
async def test_redis_recovers_after_a_disconnect() -> None:
    with with_server(Settings(cache_impl=CacheImpl.REDIS), os.environ) as settings:
        async with drill_on_demo(RedisDisconnect(STOP, LONGER_THAN_A_RETRY_NS), settings) as (drill, _, _said):
            evidence = await drill.conduct()

    found = {finding.name: finding.values for finding in evidence.findings}
    assert [finding.name for finding in evidence.findings if not finding.passed] == []
    assert found["recovery attempts that succeeded"][2] == 1
    never, failed_at, _ = found["last failure"]
    assert never == 0
    assert isinstance(failed_at, float)
    assert 0 <= utc_now().timestamp() - failed_at < 600
    assert "the server was continued (SIGCONT)" in evidence.lifted
