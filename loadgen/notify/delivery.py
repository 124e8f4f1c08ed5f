"""Deliver one body to one address: a bounded number of attempts in a bounded time.

Laws: it never raises for what a receiver does; its answer never holds the address; 429 and 5xx are tried again, after
what Retry-After asks for as long as that fits into the time that is left.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.core.redact import Redactor, Secret
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTEMPTS = 3
TOTAL_S = 10.0
"""All attempts at one address together; the end of a run waits no longer."""

_ATTEMPT_S = 5.0
_FIRST_PAUSE_S = 0.5
_LONGEST_ANSWER = 200
_FORWARDS_NOTHING = "answered with a redirect, which is not followed: correct the address"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said to one attempt; headers by lower-case name."""

    status: int
    headers: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it went: `detail` is a sentence without the address."""

    delivered: bool
    attempts: int
    detail: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long is tried."""

    attempts: int = ATTEMPTS
    total_s: float = TOTAL_S
    attempt_s: float = _ATTEMPT_S


Post = Callable[[Secret, Any, float], Awaitable[Answer]]
"""Posts a body to an address once, within so many seconds."""


async def deliver(post: Post, address: Secret, body: Any, patience: Patience | None = None) -> Delivery:
    """Try to deliver a body and return how it went."""
    limits = patience or Patience()
    until_ns = monotonic_ns() + round(limits.total_s * NS_PER_S)
    redactor = Redactor((address,))
    problem, attempt = "not tried", 0
    for attempt in range(1, limits.attempts + 1):
        left_s = (until_ns - monotonic_ns()) / NS_PER_S
        if left_s <= 0:
            problem, attempt = f"{problem}; no time is left", attempt - 1
            break
        answer, problem = await _try(post, address, body, min(limits.attempt_s, left_s))
        if answer is not None and 200 <= answer.status < 300:
            return Delivery(True, attempt, f"delivered at attempt {attempt}")
        if answer is not None and not _worth_another(answer.status):
            break
        pause_s = pause_before(attempt, answer, random.random())
        left_s = (until_ns - monotonic_ns()) / NS_PER_S
        if pause_s >= left_s:
            problem += f"; another attempt in {pause_s:.0f} s would be too late"
            break
        if attempt < limits.attempts:
            await asyncio.sleep(pause_s)
    return Delivery(False, attempt, redactor.text(f"{problem} ({attempt} of {limits.attempts} attempts)"))


def pause_before(attempt: int, answer: Answer | None, jitter: float) -> float:
    """Return how long to wait after an attempt: what Retry-After asks, else 0.5 s, 1 s, 2 s, ... with jitter.

    Retry-After may be seconds or a date. `jitter` is between 0 and 1 and adds up to half of the pause.

    >>> pause_before(1, Answer(429, {"retry-after": "7"}), 0.5), pause_before(2, None, 1.0)
    (7.0, 1.5)
    """
    asked_s = None if answer is None else _retry_after_s(answer.headers.get("retry-after", ""))
    if asked_s is not None:
        return asked_s
    return _FIRST_PAUSE_S * 2.0 ** (attempt - 1) * (1 + jitter / 2)


def _retry_after_s(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return None


def _worth_another(status: int) -> bool:
    return status == 429 or status >= 500


async def _try(post: Post, address: Secret, body: Any, timeout_s: float) -> tuple[Answer | None, str]:
    """Make one attempt; return the answer and what is wrong with it, or None and what happened instead."""
    try:
        async with asyncio.timeout(timeout_s):
            answer = await post(address, body, timeout_s)
    except TimeoutError:
        return None, f"no answer within {timeout_s:.1f} s"
    except Exception as error:  # noqa: BLE001 - a receiver's trouble is never ours
        return None, f"{type(error).__name__}: {error}"
    if 300 <= answer.status < 400:
        return answer, f"status {answer.status}: {_FORWARDS_NOTHING}"
    return answer, f"status {answer.status} {' '.join(answer.text.split())[:_LONGEST_ANSWER]}".rstrip()


async def post_to_slack(address: Secret, body: Any, timeout_s: float) -> Answer:
    """Post a message to a Slack webhook, once."""
    import aiohttp
    from slack_sdk.webhook.async_client import AsyncWebhookClient

    quiet = logging.Logger("loadgen.notify", logging.WARNING)  # the SDK's own would log the address at DEBUG
    async with aiohttp.ClientSession(trust_env=True, timeout=aiohttp.ClientTimeout(total=timeout_s)) as session:
        client = AsyncWebhookClient(address.reveal(), session=session, logger=quiet, retry_handlers=[])
        client.proxy = None  # the SDK would take HTTPS_PROXY without looking at NO_PROXY; the session looks at both
        response = await client.send_dict(body)
    return Answer(response.status_code, _lower(response.headers), response.body)


async def post_json(address: Secret, body: Any, timeout_s: float) -> Answer:
    """Post JSON to any address, once."""
    import aiohttp

    async with (
        aiohttp.ClientSession(trust_env=True, timeout=aiohttp.ClientTimeout(total=timeout_s)) as session,
        session.post(address.reveal(), json=body, allow_redirects=False) as response,
    ):
        return Answer(response.status, _lower(response.headers), await response.text(errors="replace"))


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
