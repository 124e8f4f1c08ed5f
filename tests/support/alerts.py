"""One alert that several tests send."""

from __future__ import annotations

from datetime import UTC, datetime

from loadgen.notify.alert import Alert, Severity

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALERT = Alert(
    name="LoadgenBreakerTripped",
    severity=Severity.CRITICAL,
    message="circuit breaker tripped: error rate",
    subject="https://service.example",
    at=AT,
    root_cause="5xx from <api> & friends",
    trace_id="phase5-prod-20260301-120000",
    run_id="phase5-prod-20260301-120000",
    link="results/phase5-prod-20260301-120000",
    details=(("Impact", "12 of 100 failed"), ("Duration", "3s of 2h")),
)
