"""A certificate for 127.0.0.1 that lives as long as one benchmark."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

from contextlib import contextmanager


@contextmanager
def self_signed() -> Iterator[Path]:
    """Yield a PEM file with certificate and key, made by openssl."""
    with TemporaryDirectory() as place:
        key, certificate, both = (Path(place) / name for name in ("key.pem", "cert.pem", "both.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        yield both
