"""What the breaker listens to, and how one share of failures is judged.

Laws: strictly greater; too few requests never trip; a share reports what it sees and knows nothing of arming.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from loadgen.core.units import NS_PER_S
from loadgen.run.breaker_rules import (
    Size,
    SlidingWindow,
    Window,
    WindowsInARow,
    persistently_above,
    surely_above,
    wilson_lower_bound,
)

LEAST_REQUESTS = 200
LEAST_REQUESTS_IN_A_ROW = 400

RULE_WILSON = "wilson"
RULE_WINDOWS = "three windows"
RULE_CONSECUTIVE = "consecutive failures"
RULE_PROBES = "failed probes"


class Input(StrEnum):
    """What the breaker listens to."""

    CLIENT = "client"
    ERROR_RATE = "error_rate"
    EFFECTIVE_FALLBACK = "effective_fallback"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the run must end: `value` of `metric` exceeded `threshold` over `window_s`, seen at `at_ns` by `rule`.

    Values are ratios, except for consecutive failures and failed probes, which are counts that were reached.
    """

    input: Input
    metric: str
    value: float
    threshold: float
    window_s: float
    at_ns: int
    rule: str
    detail: str

    def __str__(self) -> str:
        if self.threshold >= 1:
            return f"{self.metric.replace('_', ' ')}: {self.value:g}, and {self.threshold:g} are enough"
        return f"{self.metric} {_percent(self.value)} is above {_percent(self.threshold)} (rule: {self.rule})"


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.2f}".rstrip("0").rstrip(".") + " %"


@dataclass(frozen=True, slots=True)
class InputState:
    """One input as it stands: `value` is None while there is no figure; `reason` says why it is unarmed or waits."""

    input: Input
    armed: bool
    reason: str
    value: float | None
    threshold: float
    window_s: float
    tripped: bool


@dataclass(frozen=True, slots=True)
class ShareRule:
    """One ratio: what it is called, where it trips, and the least length of its windows."""

    input: Input
    metric: str
    threshold: float
    least_ns: int


class Share:
    """Judges one ratio by rules A and B, out of cumulative counts added in order of time."""

    def __init__(self, rule: ShareRule) -> None:
        self.rule = rule
        self._sliding = SlidingWindow(Size(rule.least_ns, LEAST_REQUESTS))
        self._in_a_row = WindowsInARow(Size(rule.least_ns, LEAST_REQUESTS_IN_A_ROW))

    def add(self, at_ns: int, requests: float, failures: float) -> Trip | None:
        """Add the counts at an instant, the first of which are where counting begins; return a trip if called for."""
        self._sliding.add(at_ns, requests, failures)
        completed = self._in_a_row.add(at_ns, requests, failures)
        window = self._sliding.window()
        threshold = self.rule.threshold
        if window is not None and window.requests >= LEAST_REQUESTS and surely_above(window, threshold):
            return self._surely(at_ns, window)
        if completed and persistently_above(self._in_a_row.windows(), threshold):
            return self._persistently(at_ns, self._in_a_row.windows())
        return None

    def window(self, now_ns: int) -> Window | None:
        """Return the present window; None while there is none, or when its end is older than its least length."""
        last_ns = self._sliding.last_ns
        if last_ns is None or now_ns - last_ns > self.rule.least_ns:
            return None
        return self._sliding.window()

    def _surely(self, at_ns: int, window: Window) -> Trip:
        bound = wilson_lower_bound(window.failures, window.requests)
        detail = (
            f"{window.failures:g} of {window.requests:g} in {window.length_ns / NS_PER_S:.3g} s; "
            f"at least {_percent(bound)} with 99.9 % confidence"
        )
        return self._trip(at_ns, window, RULE_WILSON, detail)

    def _persistently(self, at_ns: int, windows: tuple[Window, ...]) -> Trip:
        together = Window(
            sum(window.length_ns for window in windows),
            sum(window.requests for window in windows),
            sum(window.failures for window in windows),
        )
        ratios = ", ".join(
            f"{window.failures:g} of {window.requests:g} ({_percent(window.ratio)})" for window in windows
        )
        return self._trip(at_ns, together, RULE_WINDOWS, f"three windows in a row: {ratios}")

    def _trip(self, at_ns: int, window: Window, rule: str, detail: str) -> Trip:
        return Trip(
            input=self.rule.input,
            metric=self.rule.metric,
            value=window.ratio,
            threshold=self.rule.threshold,
            window_s=window.length_ns / NS_PER_S,
            at_ns=at_ns,
            rule=rule,
            detail=detail,
        )
