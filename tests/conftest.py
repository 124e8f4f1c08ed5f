"""Rules for every test: traffic stays on loopback and no real settings file is read."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["kernel"]

# how long an example takes says how busy the machine is, not whether the code is right
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
_SETTINGS_PREFIXES = (
    "LOAD_", "SLO_", "PROD_JWT", "METRICS_", "API_BASE", "CACHE_IMPL", "ENABLE_", "COUNT_", "ALLOW_", "SLACK_", "ALERT",
    "ARCHIVE_",
)  # fmt: skip


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse, in this process, any connection that leaves this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to connect to {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


@pytest.fixture(autouse=True, scope="session")
def plain_environment() -> Iterator[None]:
    """Take the settings of whoever runs the tests out of the environment, so that results do not depend on them."""
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_SETTINGS_PREFIXES)}
    yield
    os.environ.update(removed)
