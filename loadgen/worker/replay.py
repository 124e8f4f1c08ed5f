"""Which request arrival i of a replayed trace is: the place of `Mix` where a trace was recorded."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import numpy as np

from loadgen.pace.trace import unpack_numbers

if TYPE_CHECKING:
    from loadgen.core.shape import Replay


class ReplayedRequests:
    """The requests of a trace: `requests` as (target, method, URL), `counts` how often each one comes."""

    def __init__(self, replay: Replay) -> None:
        self._picks = unpack_numbers(replay.picks)
        found = json.loads(zlib.decompress(replay.requests))
        self.requests = [(int(group), str(method), replay.prefix + path) for group, method, path in found]
        self.counts: list[int] = np.bincount(self._picks, minlength=len(found)).tolist()

    def choose(self, first: int, step: int, count: int) -> list[int]:
        """Return the request numbers of arrivals first, first + step, ... (`count` of them)."""
        chosen: list[int] = self._picks[first : first + step * count : step].tolist()
        return chosen
