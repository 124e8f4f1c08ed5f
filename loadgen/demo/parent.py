"""End with the process that started us, for services that a run starts for itself."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int, number: signal.Signals = signal.SIGTERM) -> bool:
    """Ask Linux for a signal when our parent dies; return False when `parent_pid` is already gone.

    The check comes after the request, so that a parent that dies in between is noticed. Elsewhere than on Linux only
    the check is made.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, int(number)) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    return os.getppid() == parent_pid
