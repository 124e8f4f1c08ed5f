"""What an incident is to whoever conducts it, and the scene that it is brought about on."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.drill.paths import known_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from loadgen.core.errors import Problem
    from loadgen.drill.figure import Figure
    from loadgen.drill.load import SmallLoad
    from loadgen.drill.panel import Panel
    from loadgen.drill.proxy import FaultProxy


@dataclass(slots=True)
class Scene:
    """The service, its panel (None: it is not the demo service), what stands before its Redis, and our own load."""

    session: aiohttp.ClientSession
    base_url: str
    panel: Panel | None
    proxy: FaultProxy | None
    load: SmallLoad
    say: Callable[[str], None]
    flags: dict[str, object] = field(default_factory=dict)
    cache: dict[str, object] = field(default_factory=dict)

    @property
    def demo(self) -> Panel:
        """The panel of the demo service, which an incident that needs it has been promised."""
        assert self.panel is not None
        return self.panel


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of incident it is.

    `length_ns` is about how long it lasts. `alert` is the alert that it should make fire, empty for none.
    `needs_panel`, `needs_redis` and `needs_proxy` say what the service must have. `at_once`: it happens at an instant,
    so that what it does is seen from just before it on. `series` names the metrics whose series are read.
    """

    name: str
    length_ns: int
    alert: str = ""
    needs_panel: bool = True
    needs_redis: bool = False
    needs_proxy: bool = False
    at_once: bool = False
    series: tuple[str, ...] = ()


class Incident(ABC):
    """One incident with its lengths and sizes; by the fault panel unless it says otherwise."""

    __slots__ = ()

    @property
    @abstractmethod
    def nature(self) -> Nature:
        """What kind of incident it is."""

    @abstractmethod
    def sentence(self) -> str:
        """Say what is brought about."""

    @abstractmethod
    def figures(self) -> tuple[Figure, ...]:
        """Return what must move."""

    @abstractmethod
    async def begin(self, scene: Scene) -> None:
        """Bring it about."""

    @abstractmethod
    async def last(self, scene: Scene) -> None:
        """Let it last for its time."""

    async def go_on(self, scene: Scene) -> None:  # noqa: B027 - most incidents have nothing to do for it
        """Keep it up beyond its time, until cancelled, while an alert is waited for; what is set stays by itself."""

    def path(self, number: int) -> str:
        """Return the path of request `number` of our own load."""
        return known_keys(number)

    def misfits(self) -> list[Problem]:
        """Return what is wrong with it wherever it is brought about: sizes that cross no threshold."""
        return []

    def problems(self, scene: Scene) -> list[Problem]:
        """Return what keeps this incident from being brought about here; nothing has been done yet."""
        return []

    async def lift(self, scene: Scene) -> str:
        """Undo it, check that it is undone, and say so; also after a begin that failed. Raises NotLiftedError."""
        await scene.demo.lift()
        return "undone: the fault panel was asked again and has no fault in force"


async def pause(duration_ns: int) -> None:
    """Wait for a duration."""
    await asyncio.sleep(duration_ns / NS_PER_S)
