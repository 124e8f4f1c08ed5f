"""A network namespace with few local ports: `few_ports(8, command)` is the command to run, or why it cannot be.

As a program, inside the namespace: bring the loopback up, narrow the range of ports, become the command.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_PORT = 40_000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


def few_ports(ports: int, command: list[str]) -> list[str]:
    """Return a command that runs `command` where connections have so many local ports; skip, saying what is missing."""
    if shutil.which("unshare") is None:
        pytest.skip("MISSING: the command unshare, which makes a network namespace with few ports")
    inside = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-P", __file__, str(ports)]
    tried = subprocess.run([*inside, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"MISSING: a network namespace whose ip_local_port_range can be set: {tried.stderr.strip()[-200:]}")
    return [*inside, *command]


def _enter(ports: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    _RANGE.write_text(f"{_FIRST_PORT} {_FIRST_PORT + ports - 1}")


if __name__ == "__main__":
    _enter(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
