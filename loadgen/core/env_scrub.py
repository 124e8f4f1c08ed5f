"""Take the credentials out of an env file and keep the rest of it byte for byte.

Law: the file is replaced atomically and keeps its permissions; no copy with the credentials stays behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.redact import Redactor, is_secret_key
from loadgen.core.setting_readers import is_placeholder
from loadgen.core.setting_table import SECRET_VARIABLES
from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_ASSIGNMENT = re.compile(r"^(\s*(?:#\s*)?(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=)([^\r\n]*)", re.MULTILINE)


def scrub_text(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without credentials, and the keys that had one.

    A credential is the value of a secret variable, of a key whose name says secret, token, password or the like, or
    any value that looks like one, such as a URL with a password. Lines that are commented out count too: a credential
    in a comment is as readable as any. Placeholders and empty values are left alone.
    """
    removed: list[str] = []

    def blank(match: re.Match[str]) -> str:
        key, value = match[2], match[3]
        if not _is_credential(key, value.strip().strip("'\"")):
            return match[0]
        removed.append(key)
        return match[1]

    return _ASSIGNMENT.sub(blank, text), tuple(dict.fromkeys(removed))


def _is_credential(key: str, value: str) -> bool:
    if not value or value.startswith("#") or is_placeholder(value):
        return False
    return key in SECRET_VARIABLES or is_secret_key(key) or Redactor().text(value) != value


def scrub_file(path: Path, *, dry_run: bool = False) -> tuple[str, ...]:
    """Scrub a file in place and return the keys that had a credential. Raises OSError."""
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    cleaned, removed = scrub_text(text)
    if not removed or dry_run:
        return removed
    write_whole(path, cleaned.encode())
    return removed
