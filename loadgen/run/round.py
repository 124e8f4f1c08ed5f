"""The validator's round before it validates: wait until ready, warm up, exercise every operation that is judged.

Laws: one request after the other; every request is counted by its operation and how it ended; an operation that the
service does not have is left out after its first try, and said so; what changes the service is sent only where the
plan allows it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import LoadgenError
from loadgen.core.units import NS_PER_S
from loadgen.plan.mix import below
from loadgen.run.preflight_http import open_session, request
from loadgen.run.preflight_metrics import observe_once
from loadgen.run.preflight_target import authorization

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiohttp

    from loadgen.plan.model import Plan
    from loadgen.run.preflight_http import Answer
    from loadgen.run.preflight_metrics import ObserveOnce

READY_TRIES = 20
READY_PAUSE_S = 1.0
WARMUP_ROUNDS = 50
WARMUP_PATHS = ("/api/v2/hello", "/api/plugins", "/internal/metrics", "/health")
FALLBACK_MODES = ("http_error", "http_timeout", "upstream_error", "cache_miss")
_ABSENT = frozenset({401, 403, 404, 405, 501})
_REDIS_KEYS = 20
_MOST_TROUBLE = 3
"""An operation that so often got no answer at all is left out."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each operation is done; `pause_s` lies between two snapshot operations."""

    reloads: int = 10
    creates: int = 10
    restores: int = 10
    pause_s: float = 0.2
    redis_pairs: int = 200
    plugin: str = "example-plugin"


@dataclass(slots=True)
class Tally:
    """What was sent, by operation and outcome (`http_2xx`, ..., `trouble`), and what was left out and why.

    `warmup_s` holds how long each request of the warm-up took, failed ones included.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)
    warmup_s: list[float] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        """Yield one line for each operation, then one for each that was left out."""
        for operation in dict.fromkeys(operation for operation, _ in self.outcomes):
            counted = {outcome: n for (name, outcome), n in self.outcomes.items() if name == operation}
            yield f"{operation}: {', '.join(f'{n} {outcome}' for outcome, n in sorted(counted.items()))}"
        for operation, reason in self.left_out.items():
            yield f"{operation}: left out ({reason})"


async def wait_ready(
    plan: Plan, once: ObserveOnce = observe_once, *, tries: int = READY_TRIES, pause_s: float = READY_PAUSE_S
) -> int:
    """Ask for the metrics until they can be read and return at which try; raise LoadgenError when they never can."""
    assert plan.observation is not None
    urls = plan.observation.metrics_urls
    for number in range(1, tries + 1):
        page = await once(plan, urls, 1, 0.0)
        if page.ok:
            return number
        if number == tries:
            hint = f"\n  {page.hint}" if page.hint else ""
            raise LoadgenError(f"the metrics were not ready after {tries} tries: {page.error}{hint}")
        await asyncio.sleep(pause_s)
    raise ValueError("at least one try is needed")


async def send_round(plan: Plan, counts: Counts, tally: Tally, *, warmup_rounds: int = WARMUP_ROUNDS) -> None:
    """Warm up, and exercise the service where the plan allows it; what happened is in `tally`."""
    async with open_session(plan.load) as session:
        sender = _Sender(session, plan, tally)
        for _ in range(warmup_rounds):
            for path in WARMUP_PATHS:
                began_ns = monotonic_ns()
                if await sender.send(f"warm-up {path}", "GET", path) is not None:
                    tally.warmup_s.append((monotonic_ns() - began_ns) / NS_PER_S)
        if not plan.exercise:
            tally.left_out["exercise"] = "it changes the service: only the demo service, or --exercise, allows it"
            return
        await _exercise(sender, counts)


async def _exercise(sender: _Sender, counts: Counts) -> None:
    for _ in range(counts.reloads):
        await sender.send(
            "plugin reload", "POST", f"/api/admin/plugins/{quote(counts.plugin, safe='')}/reload-unsafe", {}
        )
    for mode in FALLBACK_MODES:
        await sender.send("fallback", "POST", "/internal/test/fallback", {"mode": mode})
    await _snapshots(sender, counts)
    for number in range(counts.redis_pairs):
        key = f"validation:{number % _REDIS_KEYS}"
        await sender.send("cache set", "POST", "/internal/cache/set", {"key": key, "value": str(number)})
        await sender.send("cache get", "GET", f"/internal/cache/get?key={key}")


async def _snapshots(sender: _Sender, counts: Counts) -> None:
    """Create snapshots, then restore the newest, with a pause after each."""
    newest = ""
    for number in range(counts.creates):
        answer = await sender.send("snapshot create", "POST", "/api/snapshots", {"name": f"validation-{number}"})
        newest = _identifier(answer) or newest
        await asyncio.sleep(counts.pause_s)
    if not newest and counts.restores:
        sender.tally.left_out["snapshot restore"] = "there is no snapshot to restore"
        return
    for _ in range(counts.restores):
        await sender.send("snapshot restore", "POST", f"/api/snapshots/{newest}/restore", {})
        await asyncio.sleep(counts.pause_s)


def _identifier(answer: Answer | None) -> str:
    try:
        found = orjson.loads(answer.body) if answer is not None and answer.status < 300 else None
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("id") or "") if isinstance(found, dict) else ""


class _Sender:
    """Sends one request after the other and counts how each ended."""

    def __init__(self, session: aiohttp.ClientSession, plan: Plan, tally: Tally) -> None:
        self._session = session
        self._base_url = plan.base_url
        self._headers = authorization(plan)
        self.tally = tally

    async def send(self, operation: str, method: str, path: str, body: dict[str, str] | None = None) -> Answer | None:
        """Send one request; None, with nothing sent, for an operation that is left out."""
        if operation in self.tally.left_out:
            return None
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        data = b"" if body is None else orjson.dumps(body)
        answer = await request(self._session, method, below(self._base_url, path), headers, data)
        outcome = f"http_{answer.status // 100}xx" if answer.status else "trouble"
        first = not any(name == operation for name, _ in self.tally.outcomes)
        self.tally.outcomes[operation, outcome] += 1
        if first and answer.status in _ABSENT:
            self.tally.left_out[operation] = f"the service answered {answer.status}"
        if answer.trouble and self.tally.outcomes[operation, "trouble"] >= _MOST_TROUBLE:
            self.tally.left_out[operation] = answer.trouble
        return answer
