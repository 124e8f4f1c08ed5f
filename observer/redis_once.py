"""Look at a Redis once: is it there, which version, how far away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import Redactor
from loadgen.core.redis_address import read_redis_url, shown_redis
from loadgen.core.units import NS_PER_S
from observer.masking import mask_texts
from observer.redis_link import RedisLink, RedisTrouble
from observer.redis_watch import Pings
from observer.request import read_handed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.redact import Secret

DEADLINE_NS = NS_PER_S
UNKNOWABLE = "whether the service uses this one cannot be known from here"
_COUNTERS = ("connected_clients", "used_memory_bytes", "entries", "evictions", "hits", "misses", "ops_per_s", "role")


def asked_redis(url: str | None, descriptor: int | None) -> Secret:
    """Return the address: of the option, of the descriptor, or REDIS_URL; raise InputError."""
    name, text = "--redis-url", url or ""
    if descriptor is not None:
        name, text = "--url-fd", read_handed(descriptor, "--url-fd")
    elif not text:
        name, text = "REDIS_URL", os.environ.get("REDIS_URL", "")
    try:
        return read_redis_url(text)
    except ValueError as error:
        raise InputError([Problem(name, None, str(error))]) from error


async def look_once(url: Secret, times: int) -> dict[str, Any]:
    """Ping `times` times and look; a failure is `ok` False with `error`."""
    link, pings = RedisLink(url, DEADLINE_NS), Pings()
    found: dict[str, Any] = {"ok": False, "address": shown_redis(url), "error": "", "info": None, "refused": []}
    try:
        await link.connect()
        for _ in range(times):
            began_ns = monotonic_ns()
            await link.ping()
            pings.took(monotonic_ns() - began_ns, "answered")
        look = await link.look(-1)
        found |= {"ok": True, "info": look.info, "refused": list(look.refused), "latency_events": look.events}
        found["slow_log"] = None if look.slow is None else look.slow.to_body()
    except RedisTrouble as trouble:
        found["error"] = str(trouble)
    finally:
        await link.close()
    found["ping"] = {name: value for name, value in pings.to_body().items() if name != "histogram"}
    return mask_texts(Redactor([url]), found)


def tell_look(found: Mapping[str, Any], *, as_json: bool) -> str:
    """Return what was found, as JSON or as lines for people."""
    if as_json:
        return orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
    if not found["ok"]:
        return f"Redis at {found['address']}: {found['error']}"
    ping, info = found["ping"], found["info"]
    lines = [
        f"Redis at {found['address']}: {info['server'] or 'version NA'}; {UNKNOWABLE}",
        f"  ping                {ping['p50_ms']:.3f} ms (p50), {ping['max_ms']:.3f} ms (max) of {ping['answered']}",
    ]
    lines += [f"  {name:<20}{'NA' if info[name] is None else info[name]}" for name in _COUNTERS]
    lines += [
        f"  slow_log            {'NA' if found['slow_log'] is None else found['slow_log']['new']} since it started"
    ]
    lines += [f"  refused             {reason}" for reason in found["refused"]]
    return "\n".join(lines)
