"""Preflight's look at the Redis that is to be watched: the observer is asked, the address goes to it by descriptor.

Law: a Redis that cannot be watched stops nothing; its figures will be NA, and that is said.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loadgen.run.launch import command
from loadgen.run.preflight_model import Check, passed, warned
from loadgen.run.preflight_process import ask

if TYPE_CHECKING:
    from loadgen.plan.model import Plan

_TIMEOUT_S = 20.0
_NAME = "redis"


async def redis_checks(plan: Plan) -> list[Check]:
    """Return the check of the Redis to watch, none where none is to be."""
    url = None if plan.observation is None else plan.observation.redis_url
    if url is None:
        return []
    answer = await ask(
        command("observer", ("redis", "--json", "--url-fd", "{redis}")),
        _TIMEOUT_S,
        handed={"redis": url.reveal().encode()},
    )
    try:
        found: Any = json.loads(answer.stdout)
        return [_check(found)]
    except (ValueError, KeyError, TypeError):
        said = " ".join((answer.stderr or answer.stdout or f"exit code {answer.code}").split())[-300:]
        return [warned(_NAME, f"the observer gave no answer that can be read: {said}; its figures will be NA")]


def _check(found: dict[str, Any]) -> Check:
    place = found["address"]
    if not found["ok"]:
        remedy = "check REDIS_URL and that it can be reached from here"
        return warned(_NAME, f"{place}: {found['error']}; its figures will be NA: {remedy}")
    ping, refused = found["ping"], found["refused"]
    text = f"{place}: {found['info']['server'] or 'version NA'}, PING {ping['p50_ms']:.2f} ms"
    text += "; whether the service uses this one cannot be known from here"
    if refused:
        return warned(_NAME, f"{text}; it refuses {'; '.join(refused)}, which will be NA")
    return passed(_NAME, text)
