"""Read one file of a run directory, saying in a sentence why it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import orjson

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from pathlib import Path


class Unreadable(Exception):  # noqa: N818 - it is a state of a file, caught by this package alone
    """A file that is missing, empty, damaged or not ours; the text says which."""


def read_object(path: Path) -> dict[str, object]:
    """Return the JSON object of a file; raise Unreadable."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    if not data.strip():
        raise Unreadable("empty")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: truncated or edited ({error})") from error
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return cast("dict[str, object]", value)


def read_text(path: Path) -> str:
    """Return the text of a file of ours that may not be there yet, empty then; raise LoadgenError when unreadable."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise LoadgenError(f"{path}: cannot be read ({reason})") from error


def ends_whole(path: Path) -> bool:
    """Say whether a file of lines ends with a line end: without one, its writer was cut off."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size == 0:
            return False
        file.seek(size - 1)
        return file.read(1) == b"\n"
