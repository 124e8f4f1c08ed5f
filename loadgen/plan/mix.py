"""Which requests a run makes: endpoints, relative to the base URL, with their share.

Law: Authorization goes to the base URL's origin alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.endpoint_setting import EndpointSetting
from loadgen.core.redact import Secret
from loadgen.plan.model import Header, Target
from loadgen.plan.route import token_of
from loadgen.plan.token import PENDING, bearer

if TYPE_CHECKING:
    from loadgen.core.config import Settings

_DATA_KEYS = 5

DEMO_MIX = (
    EndpointSetting("/api/v2/hello", "/api/v2/hello", weight=40),
    EndpointSetting("/api/plugins", "/api/plugins", weight=20),
    EndpointSetting("/health", "/health", weight=10),
    *(EndpointSetting(f"/api/data/{key}", f"/api/data/{key}", weight=6) for key in range(1, _DATA_KEYS + 1)),
)
"""What is asked of the demo service; its cache is read often enough for a hit rate that means something."""


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host in lower case, and port of an http or https URL."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def below(base_url: str, path: str) -> str:
    """Return a path below a base URL, whose own path is kept and whose query is left out."""
    return base_url.partition("?")[0].rstrip("/") + path


def resolve_place(base_url: str, place: str) -> str:
    """Return the URL of an endpoint's place: the base URL itself for an empty one."""
    if not place:
        return base_url
    return below(base_url, place) if place.startswith("/") else place


def build_targets(settings: Settings, base_url: str) -> tuple[Target, ...]:
    """Return the targets of a run; without endpoints, the demo's mix for the demo and else the base URL alone."""
    endpoints = settings.endpoints
    if not endpoints:
        endpoints = DEMO_MIX if settings.demo else (EndpointSetting("", ""),)
    return tuple(_target(settings, base_url, endpoint) for endpoint in endpoints)


def _target(settings: Settings, base_url: str, endpoint: EndpointSetting) -> Target:
    url = resolve_place(base_url, endpoint.place)
    headers = [Header(name, value) for name, value in endpoint.headers]
    authorization = _authorization(settings)
    names = {header.name.lower() for header in headers}
    if authorization is not None and "authorization" not in names and origin(url) == origin(base_url):
        headers.append(Header("Authorization", authorization))
    if settings.traceparent and "traceparent" not in names:
        headers.append(Header("traceparent", f"${{traceparent:{settings.traceparent_sampled or 0:.6f}}}"))
    by_rule = tuple(sorted({status // 100 for rule in endpoint.expect for status in rule.statuses}))
    return Target(
        name=endpoint.name or urlsplit(url).path or "/",
        url=url,
        method=endpoint.method,
        headers=tuple(headers),
        body=endpoint.body,
        weight=endpoint.weight,
        expected=endpoint.expected or by_rule or (2, 3),
        expected_given=bool(endpoint.expected or by_rule),
        templated=endpoint.templated or settings.traceparent,
        expect=endpoint.expect,
        follow=endpoint.follow,
        cookies=endpoint.cookies,
    )


def _authorization(settings: Settings) -> Secret | None:
    if settings.jwt is not None:
        return Secret(f"Bearer {settings.jwt.reveal()}")
    if token_of(settings) is not None:
        return bearer(PENDING)
    return settings.basic
