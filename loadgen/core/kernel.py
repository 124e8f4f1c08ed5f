"""The compiled kernel where it was built, None elsewhere: everything that it does has a twin in Python.

`LOADGEN_KERNEL=python` in the environment of a worker leaves it unused, to compare the two.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

REVISION = 2
"""What the Python side expects; a kernel built from other sources is not used."""


def find_kernel() -> ModuleType | None:
    """Return the compiled module, or None where it was not built, is another revision or is not wanted."""
    if os.environ.get("LOADGEN_KERNEL") == "python":
        return None
    try:
        from loadgen.core import _kernel
    except ImportError:
        return None
    return _kernel if _kernel.REVISION == REVISION else None
