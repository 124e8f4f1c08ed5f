"""Where a scenario's page goes: what the driver asks of a Pushgateway or of the demo service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Mapping


class SinkError(LoadgenError):
    """The sink did not take something; `final`: trying again would not help."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Sink(Protocol):
    """Takes whole pages; a later page replaces an earlier one."""

    @property
    def place(self) -> str:
        """Where it is, without credentials."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that a page itself must bear, because the sink does not add them."""

    @property
    def remedy(self) -> str:
        """The command that removes by hand what could not be removed."""

    async def begin(self) -> None:
        """Check that it is there and nobody else uses it; raise SinkError."""

    async def push(self, page: bytes) -> None:
        """Put a page in place of the one before; raise SinkError."""

    async def fall_silent(self) -> None:
        """Make what stands there stop changing."""

    async def end(self) -> None:
        """Take everything back, whatever happened before; raise SinkError when that did not work."""

    async def close(self) -> None:
        """Let go of the connections."""
