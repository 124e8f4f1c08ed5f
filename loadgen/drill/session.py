"""A drill from the command line's point of view: one call, signals included.

Laws: the first signal ends the drill and lets it undo what it has begun; later ones change nothing, because undoing
has a bound of its own.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, InputError, Problem
from loadgen.drill.alerts import FIRING, AlertWatch
from loadgen.drill.conduct import Drill, Lengths
from loadgen.drill.stage import Place, staged

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.prom_api import Access
    from loadgen.drill.evidence import Evidence
    from loadgen.drill.incident import Incident, Scene

_CODES = {
    signal.SIGINT: ExitCode.SIGINT,
    signal.SIGTERM: ExitCode.SIGTERM,
    signal.SIGHUP: ExitCode.SIGHUP,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One drill as it was asked for; `alert` is a name to be used instead of the incident's own."""

    incident: Incident
    place: Place
    lengths: Lengths
    prometheus: Access | None = None
    alert: str | None = None


def hold(asked: Asked, say: Callable[[str], None]) -> Evidence | ExitCode:
    """Hold a drill and return its evidence, or the code of the signal that ended it. Raises LoadgenError."""
    return asyncio.run(_hold(asked, say))


async def _hold(asked: Asked, say: Callable[[str], None]) -> Evidence | ExitCode:
    loop = asyncio.get_running_loop()
    drill = asyncio.ensure_future(_drill(asked, say))
    received: list[signal.Signals] = []

    def take(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            say(f"{number.name}: ending, and undoing what was begun")
            drill.cancel()
        else:
            say("still undoing what was begun")

    for number in _CODES:
        loop.add_signal_handler(number, take, number)
    try:
        return await drill
    except asyncio.CancelledError:
        if not received:
            raise
        return _CODES[received[0]]
    finally:
        for number in _CODES:
            loop.remove_signal_handler(number)


async def _drill(asked: Asked, say: Callable[[str], None]) -> Evidence:
    async with staged(asked.place, asked.incident, say) as (scene, source):
        alert = await _alert(asked, scene)
        return await Drill(asked.incident, scene, source, asked.lengths, alert).conduct()


async def _alert(asked: Asked, scene: Scene) -> AlertWatch | None:
    """Return what watches the alert, None without a Prometheus; raise InputError when nothing could be proved by it."""
    if asked.prometheus is None:
        return None
    watch = AlertWatch(scene.session, asked.prometheus, asked.alert or asked.incident.nature.alert)
    if await watch.state() == FIRING:
        remedy = f"{watch.name} fires already, so it can prove nothing"
        raise InputError([Problem("--prom-url", asked.prometheus.url, remedy)])
    return watch
