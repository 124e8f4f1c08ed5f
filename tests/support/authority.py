"""Certificates that openssl makes for tests: a server's, a client's with its key, plain or encrypted."""

from __future__ import annotations

import os
import ssl
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def self_signed(folder: Path, name: str, *alternatives: str, password: str = "") -> tuple[Path, Path]:
    """Write a certificate that is its own authority, and its key; return their paths."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = ["-addext", f"subjectAltName={','.join(alternatives)}"] if alternatives else []
    secret = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *secret, "-days", "2",
         "-subj", f"/CN={name}", *names, "-keyout", os.fspath(key), "-out", os.fspath(pem)],
        check=True, capture_output=True,
    )  # fmt: skip
    return pem, key


def server_context(pem: Path, key: Path, *, clients: Path | None = None) -> ssl.SSLContext:
    """Return the context of a TLS server; with `clients` it demands a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context
