"""The eight reasons for which an answer is served in a lesser way, and their counting.

Law: raw counts every fallback; effective leaves out cache misses unless the service is told to count them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgen.demo.metrics import Metrics


class Reason(StrEnum):
    """Why something lesser was served; the text is the label value."""

    HTTP_ERROR = "http_error"
    HTTP_TIMEOUT = "http_timeout"
    MESSAGE_ERROR = "message_error"
    MESSAGE_TIMEOUT = "message_timeout"
    CACHE_MISS = "cache_miss"
    CIRCUIT_BREAKER = "circuit_breaker"
    UPSTREAM_ERROR = "upstream_error"
    UNKNOWN = "unknown"


class DegradedError(Exception):
    """A collaborator did not answer as it should; `reason` says in which way."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class FallbackRecorder:
    """Counts a fallback at the place that takes it."""

    def __init__(self, metrics: Metrics, *, count_cache_miss: bool) -> None:
        self._metrics = metrics
        self._count_cache_miss = count_cache_miss

    def record(self, reason: Reason) -> None:
        self._metrics.fallback.labels(reason.value).inc()
        if self._count_cache_miss or reason is not Reason.CACHE_MISS:
            self._metrics.effective.labels(reason.value).inc()
