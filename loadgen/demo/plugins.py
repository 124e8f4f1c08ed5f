"""Plugins of the demo service: small units of code that an administrator can load again while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S
from loadgen.demo.latency import Lognormal

if TYPE_CHECKING:
    from loadgen.demo.injector import Injector
    from loadgen.demo.metrics import Metrics

_RELOAD = Lognormal(median_ms=60, sigma=0.4, max_ms=400)


class PluginError(Exception):
    """A plugin that could not be loaded; the old one stays in use."""


@dataclass(slots=True)
class Plugin:
    """One plugin and how often it was loaded; a `broken` one never loads again."""

    name: str
    broken: bool = False
    generation: int = 1

    def as_json(self) -> dict[str, Any]:
        return {"id": self.name, "generation": self.generation, "status": "active"}


class Plugins:
    """The plugins of this service by id."""

    def __init__(self, metrics: Metrics, injector: Injector, seed: int) -> None:
        self._metrics = metrics
        self._injector = injector
        self._rng = Random(f"{seed} plugins")
        self._by_id: dict[str, Plugin] = {}
        self.restart()

    def restart(self) -> None:
        """Load every plugin anew."""
        plugins = (Plugin("example-plugin"), Plugin("report-plugin"), Plugin("broken-plugin", broken=True))
        self._by_id = {plugin.name: plugin for plugin in plugins}

    def as_json(self) -> list[dict[str, Any]]:
        return [plugin.as_json() for plugin in self._by_id.values()]

    async def reload(self, plugin_id: str) -> Plugin:
        """Load a plugin again, counted and timed by its result; raise KeyError or PluginError."""
        plugin = self._by_id[plugin_id]
        began_ns = monotonic_ns()
        await asyncio.sleep(_RELOAD.draw_s(self._rng))
        failed = plugin.broken or self._injector.breaks(self._injector.faults.plugin_error_share)
        self._metrics.plugin_seconds.labels(plugin_id).observe((monotonic_ns() - began_ns) / NS_PER_S)
        self._metrics.plugin_reload.labels(plugin_id, "failure" if failed else "success").inc()
        if failed:
            raise PluginError(f"{plugin_id} does not load; generation {plugin.generation} stays in use")
        plugin.generation += 1
        return plugin
