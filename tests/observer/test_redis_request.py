"""Which Redis a stand-alone observation watches, and how it says that it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from observer.request import observe_plan

if TYPE_CHECKING:
    from pathlib import Path

URL = "redis://:a-long-password@127.0.0.1:6379/0"


def watched(place: Path, **flags: object) -> str:
    given = {"metrics_url": ("http://127.0.0.1:1/metrics",), "out": str(place), **flags}
    plan, _ = observe_plan(None, None, 50, given)
    assert not plan.redis_url or "a-long-password" in plan.secrets
    return plan.redis_url


def test_the_address_of_the_environment_is_watched_only_when_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", URL)
    assert watched(tmp_path) == ""
    assert watched(tmp_path, watch_redis=True) == URL


def test_an_address_of_the_command_line_needs_no_other_wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert watched(tmp_path, redis_url=URL) == URL


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "--watch-redis: there is no address: set REDIS_URL, or give --redis-url"), ("cache:1", "write redis://")],
)
def test_a_watch_that_cannot_be_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    with pytest.raises(InputError, match=said):
        watched(tmp_path, watch_redis=True)
