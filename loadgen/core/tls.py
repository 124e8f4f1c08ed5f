"""A client's TLS context from bytes.

Law: key material is never written to a file system; the certificate loader, which takes paths only, gets a memory
file where the system has one.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def client_context(ca_pem: bytes, cert_pem: bytes, key_pem: bytes, *, verify: bool) -> ssl.SSLContext:
    """Return a context for HTTP/1.1; an empty `ca_pem` means the system's authorities.

    Raises ValueError when a certificate, key or authority cannot be read.
    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if ca_pem:
            context = _only_trusting(ca_pem) if verify else context
        if cert_pem:
            with _as_file(cert_pem + b"\n" + key_pem) as path:
                context.load_cert_chain(path)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise ValueError(f"the TLS material cannot be used: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _only_trusting(ca_pem: bytes) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca_pem.decode("ascii"))


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
        return
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
