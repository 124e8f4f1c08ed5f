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

    from loadgen.core.redact import Secret


def client_context(
    ca_pem: bytes, cert_pem: bytes, key_pem: bytes, *, verify: bool, password: Secret | None = None
) -> ssl.SSLContext:
    """Return a context for HTTP/1.1; an empty `ca_pem` means the system's authorities.

    Raises ValueError when a certificate, key or authority cannot be read. An encrypted key needs its `password`; one
    is never asked for, because OpenSSL would ask on the terminal.
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
                context.load_cert_chain(path, password=lambda: _revealed(password))
    except ssl.SSLError as error:
        raise ValueError(_reason(error, encrypted=b"ENCRYPTED" in key_pem)) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the TLS material cannot be used: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _revealed(password: Secret | None) -> str:
    if password is None:
        raise ValueError("the key is encrypted: give its password with --key-password-file")
    return password.reveal()


def _reason(error: ssl.SSLError, *, encrypted: bool) -> str:
    if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return "the key is not the certificate's: give the pair that belongs together"
    if encrypted:  # OpenSSL has many ways to say it
        return "the key cannot be opened with the password of --key-password-file"
    return f"the TLS material cannot be used: {error}"


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
