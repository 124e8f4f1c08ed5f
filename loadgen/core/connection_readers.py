"""Readers of the settings that say how connections reach the target.

Laws: those of `loadgen.core.setting_readers`.
"""

from __future__ import annotations

import os
import re
import shlex
from urllib.parse import urlsplit

from loadgen.core.redact import Secret
from loadgen.core.setting_readers import WebAddress, read_url

_PROXY_FORM = "write it as http://host:port; user and password go before the host, with an @ behind them"
_LONGEST_SOCKET_PATH = 107
"""Bytes that a socket's path may have: sockaddr_un has 108 with the closing zero."""
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})?)*\.?")


def read_proxy(text: str) -> WebAddress:
    """Read the URL of an HTTP proxy; user and password are moved out into a Basic authorization."""
    if text.strip().lower().startswith(("https:", "socks")):
        raise ValueError(f"a proxy is spoken to in plain HTTP: {_PROXY_FORM}")
    try:
        address = read_url(text)
    except ValueError:
        raise ValueError(f"not the URL of a proxy: {_PROXY_FORM}") from None
    parts = urlsplit(address.url)
    if parts.path not in ("", "/") or parts.query:
        raise ValueError(f"a proxy has no path: {_PROXY_FORM}")
    return address


def read_socket_path(text: str) -> str:
    """Read the path of a unix socket and return it absolute; it need not exist yet."""
    path = os.path.abspath(os.path.expanduser(text.strip()))
    if not text.strip():
        raise ValueError("write the path of a socket")
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"a socket's path has at most {_LONGEST_SOCKET_PATH} bytes, its directory included")
    return path


def read_server_name(text: str) -> str:
    """Read a host name for TLS; addresses are refused, because SNI has names only."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name):
        raise ValueError("write a host name such as api.example.com: SNI has no addresses, ports or schemes")
    return name.rstrip(".")


def read_command(text: str) -> Secret:
    """Read a command line, which is split as a shell would but run without one; what it says may be secret."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"not a command: {error}") from None
    if not words:
        raise ValueError("write a command and its arguments")
    return Secret(text.strip())
