"""What every API request asks of others: the tenant's settings over HTTP and its quota over the message bus.

Law: the caller always gets an answer; what could not be had is replaced by a default and recorded as a fallback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.demo.fallback import DegradedError, Reason

if TYPE_CHECKING:
    from loadgen.demo.adapter import HttpAdapter
    from loadgen.demo.bus import MessageBus
    from loadgen.demo.fallback import FallbackRecorder

_DEFAULT_SETTINGS = {"tenant": "demo", "locale": "en", "default": True}
_MESSAGE_TROUBLES = frozenset({Reason.MESSAGE_ERROR, Reason.MESSAGE_TIMEOUT})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a request is answered with; `degraded` names the fallbacks that were taken for it."""

    settings: dict[str, Any]
    granted: bool
    degraded: tuple[str, ...]


class Backend:
    """Asks the collaborators and degrades where one fails."""

    def __init__(self, adapter: HttpAdapter, bus: MessageBus, fallbacks: FallbackRecorder) -> None:
        self._adapter = adapter
        self._bus = bus
        self._fallbacks = fallbacks

    async def surroundings(self, trouble: Reason | None) -> Surroundings:
        """Ask both collaborators in turn; `trouble` makes the one that it concerns fail in that way."""
        on_bus = trouble in _MESSAGE_TROUBLES
        degraded: list[str] = []
        settings: dict[str, Any] = _DEFAULT_SETTINGS
        granted = True
        try:
            settings = await self._adapter.get("demo", None if on_bus else trouble)
        except DegradedError as failure:
            degraded.append(self._fall_back(failure))
        try:
            granted = (await self._bus.call("quota.check", "demo", trouble if on_bus else None))["granted"]
        except DegradedError as failure:
            degraded.append(self._fall_back(failure))
        return Surroundings(settings, granted, tuple(degraded))

    def _fall_back(self, failure: DegradedError) -> str:
        self._fallbacks.record(failure.reason)
        return failure.reason.value
