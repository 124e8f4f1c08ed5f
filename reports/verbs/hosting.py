"""Tell a GitHub workflow what later steps and jobs may depend on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUTPUT = "GITHUB_OUTPUT"


def tell_workflow(name: str, value: bool, environ: Mapping[str, str]) -> None:
    """Append `name=true` or `false` to the step's outputs; elsewhere than in a workflow do nothing.

    Raises LoadgenError when the file of the outputs cannot be written: a job would be decided by nothing.
    """
    place = environ.get(_OUTPUT, "")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{name}={'true' if value else 'false'}\n")
    except OSError as error:
        raise LoadgenError(f"{_OUTPUT}: {place} cannot be written ({error.strerror})") from error
