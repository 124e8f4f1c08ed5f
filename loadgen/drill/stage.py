"""Find or start the service of a drill, and refuse it where a drill has no business.

Laws: a service is the demo service by what it answers, never by its name; everything that keeps the drill from being
held is found before anything is done, and told in one message.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.drill.incident import Scene
from loadgen.drill.load import SmallLoad
from loadgen.drill.look import Source
from loadgen.drill.panel import Panel, in_force
from loadgen.drill.processes import child_environment, service
from loadgen.drill.proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    import aiohttp

    from loadgen.core.redact import Secret
    from loadgen.drill.incident import Incident

DEMO_URL = "http://127.0.0.1:8901"
"""Where `loadgen demo` listens unless it is told otherwise."""

_DEMO_SETTINGS = {
    "ENABLE_FALLBACK_TEST": "true", "ALLOW_UNSAFE_ADMIN": "true", "COUNT_CACHE_MISS_AS_FALLBACK": "false",
    "FEATURE_CACHE": "true", "DEMO_REQUIRE_JWT": "false", "DISABLE_EVENT_BUS": "false",
}  # fmt: skip
_FOREIGN = ("REDIS_URL", "REDIS_ARTIFICIAL_DELAY_MS", "CACHE_IMPL", "PORT", "INTERNAL_RATE_LIMIT")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drill is held.

    `start_demo`: a demo service of the drill's own, wherever the URLs lead. `allow_target`: the user insists on a
    service without a fault panel. `authorization` and `internal_token` are credentials of the service, `rate_per_s`
    and `most` the bounds of the drill's own load.
    """

    base_url: str
    source: Source
    rate_per_s: float
    most: int
    start_demo: bool = False
    allow_target: bool = False
    authorization: Secret | None = None
    internal_token: Secret | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@asynccontextmanager
async def staged(place: Place, incident: Incident, say: Callable[[str], None]) -> AsyncIterator[tuple[Scene, Source]]:
    """Yield the scene and where its metrics are; raise InputError with everything that speaks against it."""
    import aiohttp

    async with AsyncExitStack() as stack:
        proxy = None
        if place.start_demo:
            place, proxy = await _own_demo(place, incident, stack)
            say(f"a demo service of the drill's own listens on {place.base_url}")
        session = await stack.enter_async_context(
            aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), connector=_connector())
        )
        scene = await _scene(place, incident, session, proxy, say)
        problems = _problems(place, incident, scene) or incident.problems(scene)
        problems += await _faults_in_force(scene)
        if problems:
            raise InputError(problems)
        yield scene, place.source


def _connector() -> aiohttp.TCPConnector:
    import aiohttp

    return aiohttp.TCPConnector(limit=0)


async def _own_demo(place: Place, incident: Incident, stack: AsyncExitStack) -> tuple[Place, FaultProxy | None]:
    """Start the demo service, with a Redis cache and a proxy before it where the incident needs them."""
    proxy = None
    settings = dict(_DEMO_SETTINGS)
    environment = {name: value for name, value in child_environment(place.environ).items() if name not in _FOREIGN}
    if incident.nature.needs_redis:
        settings["CACHE_IMPL"] = "redis"
    if incident.nature.needs_proxy:
        server = await stack.enter_async_context(service("loadgen.demo.valkey", environment))
        proxy = await stack.enter_async_context(FaultProxy(server["url"]))
        settings["REDIS_URL"] = proxy.url
    announced = await stack.enter_async_context(service("loadgen.demo", {**environment, **settings}))
    url = str(announced["url"])
    source = Source((f"{url}/metrics/prom",))
    return replace(place, base_url=url, source=source, authorization=None, internal_token=None), proxy


async def _scene(
    place: Place,
    incident: Incident,
    session: aiohttp.ClientSession,
    proxy: FaultProxy | None,
    say: Callable[[str], None],
) -> Scene:
    internal = {} if place.internal_token is None else {"x-internal-token": place.internal_token.reveal()}
    headers = {} if place.authorization is None else {"Authorization": place.authorization.reveal()}
    panel: Panel | None = Panel(session, place.base_url, internal)
    assert panel is not None
    state = await panel.state()
    flags, cache = (
        ({}, {}) if state is None else (await panel.get("/internal/flags"), await panel.get("/internal/cache"))
    )
    load = SmallLoad(session, place.base_url, incident.path, place.rate_per_s, place.most, headers, internal)
    return Scene(session, place.base_url, None if state is None else panel, proxy, load, say, flags, cache)


def _problems(place: Place, incident: Incident, scene: Scene) -> list[Problem]:
    if scene.panel is None:
        return _no_panel(place, incident)
    problems = []
    if incident.nature.needs_redis and (scene.cache.get("impl") != "redis" or not scene.cache.get("enabled")):
        remedy = "this incident needs a Redis cache: start the service with CACHE_IMPL=redis, or use --demo"
        problems.append(Problem("CACHE_IMPL", str(scene.cache.get("impl")), remedy))
    if incident.nature.needs_proxy and scene.proxy is None:
        remedy = "a proxy must stand between the service and its server: use --demo, which sets them up so"
        problems.append(Problem("--base-url", place.base_url, remedy))
    return problems


def _no_panel(place: Place, incident: Incident) -> list[Problem]:
    key, url = "--base-url", place.base_url
    if not place.allow_target:
        remedy = (
            "no demo service answers there, which would show its fault panel: start one with `loadgen demo`, or use"
            " --demo"
        )
        insist = "" if incident.nature.needs_panel else "; --allow-target insists"
        return [Problem(key, url, remedy + insist)]
    if incident.nature.needs_panel:
        return [
            Problem("--allow-target", url, f"{incident.nature.name} as asked needs the fault panel of the demo service")
        ]
    return []


async def _faults_in_force(scene: Scene) -> list[Problem]:
    state = None if scene.panel is None else await scene.panel.state()
    names = in_force(state) if state else []
    if not names:
        return []
    remedy = (
        f"there are faults in force already ({', '.join(names)}), which the drill would lift: is another drill under"
        f" way? Else lift them with DELETE {scene.base_url}/internal/fault"
    )
    return [Problem("fault panel", scene.base_url, remedy)]
