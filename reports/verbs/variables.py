"""The variables that a verb reads: the environment, and beneath it an env file that was asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError
from loadgen.core.setting_layers import env_file_layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def variables(env_file: Path | None) -> Mapping[str, str]:
    """Return the environment over the env file's values; raise InputError with every problem of the file."""
    if env_file is None:
        return os.environ
    layer = env_file_layer(env_file)
    if layer.problems:
        raise InputError(layer.problems)
    below = {name: value for name, value in layer.values.items() if isinstance(value, str)}
    return {**below, **{name: value for name, value in os.environ.items() if value.strip()}}
