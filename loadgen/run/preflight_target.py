"""Checks of the service itself: its health, and one request to each GET or HEAD endpoint.

Laws: no redirect is followed, no proxy is used, no answer is read beyond 64 KiB; nothing but GET and HEAD is sent;
Authorization goes where the plan's targets send it and nowhere else.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loadgen.core.redact import Secret
from loadgen.plan.form import sample
from loadgen.plan.mix import below, origin
from loadgen.run.preflight_http import NOT_ASKED, Answer, open_session, request
from loadgen.run.preflight_model import Check, failed, passed, skipped, warned

if TYPE_CHECKING:
    import aiohttp

    from loadgen.plan.model import LoadPlan, Plan, Target

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_WELL = frozenset({"healthy", "ok", "up", "pass", "passing", "true", "green", "alive", "ready"})
_HINTS = {
    401: "the credentials are missing or wrong: refresh PROD_JWT",
    403: "the credentials lack the right: ask the service's operators (DevOps) for it",
    404: "there is nothing at this path: check the base URL and the endpoint",
    405: "the service does not allow this method here",
    429: "rate limited: ask the service's operators (DevOps) to lift the limit for this test",
}


async def target_checks(plan: Plan, *, allow_degraded: bool) -> tuple[list[Check], Plan]:
    """Ask /health and each GET or HEAD endpoint once; return the checks and the plan with what was seen expected."""
    try:
        session_of_plan = open_session(plan.load)
    except ValueError as error:
        return [failed("TLS material", str(error))], plan
    async with session_of_plan as session:
        health, *answers = await asyncio.gather(
            request(session, "GET", below(plan.base_url, "/health"), authorization(plan)),
            *(_request_target(session, plan.load, target) for target in plan.load.targets),
        )
    checks = [health_check(health.status, health.body, health.trouble, allow_degraded=allow_degraded)]
    targets = []
    for target, answer in zip(plan.load.targets, answers, strict=True):
        check, expected = _endpoint_check(target, answer)
        checks.append(check)
        targets.append(replace(target, expected=expected))
    return checks, _with_targets(plan, tuple(targets))


def _with_targets(plan: Plan, targets: tuple[Target, ...]) -> Plan:
    def put(load: LoadPlan) -> LoadPlan:
        return replace(load, targets=targets)

    return replace(plan, load=put(plan.load), warmup=None if plan.warmup is None else put(plan.warmup))


def authorization(plan: Plan) -> dict[str, str]:
    """Return the Authorization that a target of the base URL's origin carries."""
    for target in plan.load.targets:
        if origin(target.url) == origin(plan.base_url):
            for header in sample(plan.load, target).headers:
                if header.name.lower() == "authorization":
                    return {"Authorization": _text(header.value)}
    return {} if plan.jwt is None else {"Authorization": f"Bearer {plan.jwt.reveal()}"}


def _text(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value


async def _request_target(session: aiohttp.ClientSession, load: LoadPlan, target: Target) -> Answer:
    if target.method not in _SAFE_METHODS:
        return NOT_ASKED
    target = sample(load, target)
    headers = {header.name: _text(header.value) for header in target.headers}
    return await request(session, target.method, target.url, headers, target.body)


def health_check(status: int, body: bytes, trouble: str, *, allow_degraded: bool) -> Check:
    """Judge the answer of /health: 200 is healthy unless it says otherwise, 503 is degraded, 404 is any service."""
    name = "health"
    if trouble:
        return failed(name, trouble)
    word, failing = _components(body)
    if status == 503 or (status == 200 and failing):
        message = f"{status} {word or 'degraded'}" + (f"; failing: {', '.join(failing)}" if failing else "")
        if allow_degraded:
            return warned(name, f"{message}; allowed by --allow-degraded")
        return failed(name, f"{message}: mend the service, or go on with --allow-degraded")
    if status == 200:
        return passed(name, f"200 {word}".rstrip())
    if status == 404:
        return warned(name, "404: the service has no /health, so nothing is known of its components")
    if 300 <= status < 400:
        return warned(name, f"{status}: /health redirects, and redirects are not followed")
    hint = _HINTS.get(status, "the service refuses the request" if status < 500 else "the service is failing")
    return failed(name, f"{status}: {hint}")


def _components(body: bytes) -> tuple[str, list[str]]:
    """Return the status word of a health document and its failing components with their errors."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return "", []
    if not isinstance(document, dict):
        return "", []
    word = str(document.get("status", ""))[:40]
    parts = document.get("checks") or document.get("components") or {}
    failing = (
        [_component(name, part) for name, part in parts.items() if not _well(part)] if isinstance(parts, dict) else []
    )
    if not failing and word and word.lower() not in _WELL:
        failing = [f"overall status {word}"]
    return word, failing


def _well(part: object) -> bool:
    word = part.get("status", "ok") if isinstance(part, dict) else part
    return str(word).lower() in _WELL


def _component(name: object, part: object) -> str:
    error = part.get("error") if isinstance(part, dict) else None
    return f"{name} ({str(error)[:120]})" if error else str(name)


def _endpoint_check(target: Target, answer: Answer) -> tuple[Check, tuple[int, ...]]:
    """Judge one endpoint's answer; return the check and the status classes to expect."""
    name = f"endpoint {target.name}"
    given = target.expected if target.expected_given else None
    if answer is NOT_ASKED:
        expected = given or (2,)
        return skipped(name, f"{target.method} is not sent by preflight; {_classes(expected)} is expected"), expected
    if answer.trouble:
        return failed(name, answer.trouble), target.expected
    seen = answer.status // 100
    shown = f"{answer.status}" + (f" to {answer.location}, not followed" if seen == 3 and answer.location else "")
    if given is not None:
        if seen in given:
            return passed(name, f"{shown}, as expected"), given
        return failed(name, f"{shown}, but {_classes(given)} is expected{_hint(answer.status)}"), given
    if seen in (2, 3):
        return passed(name, f"{shown}; {_classes((seen,))} is expected"), (seen,)
    return failed(name, f"{shown}{_hint(answer.status)}"), target.expected


def _hint(status: int) -> str:
    hint = _HINTS.get(status, "the service is failing" if status >= 500 else "")
    return f": {hint}" if hint else ""


def _classes(expected: tuple[int, ...]) -> str:
    return " or ".join(f"{item}xx" for item in expected)
