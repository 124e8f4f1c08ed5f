"""Load plans for tests, and the identities that every account of one must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.units import Rate
from loadgen.plan.model import Limits, LoadPlan, Stage, Target
from tests.support.account import assert_adds_up

if TYPE_CHECKING:
    from tests.support.worker_process import Account

MS = 1_000_000
S = 1_000_000_000


def load_plan(
    url: str, rate_per_s: float = 100, duration_s: float = 1, *, limits: Limits | None = None, **more: Any
) -> LoadPlan:
    """Return a plan of one stage; `targets` replaces the one target at `url`."""
    more.setdefault("targets", (Target("only", url, expected=(2,)),))
    more.setdefault("stages", (Stage(Rate.per_second(rate_per_s), int(duration_s * S)),))
    return LoadPlan(limits=limits or Limits(timeout_ns=500 * MS, drain_ns=2 * S), **more)


def check_identities(account: Account) -> None:
    """Check that nothing is lost or counted twice, at every interval, in every tick and in the totals."""
    totals = account.totals
    assert_adds_up(totals)
    failed = sum(totals["failed"].values())
    assert [interval.k for interval in account.intervals] == list(range(len(account.intervals)))
    for name in ("scheduled", "sent", "done", "bytes_in", "bytes_out", "connects"):
        assert totals[name] == sum(getattr(interval, name) for interval in account.intervals), name
    for name in ("failed", "dropped", "out_of_range"):
        summed: dict[str, int] = {}
        for interval in account.intervals:
            for label, count in getattr(interval, name).items():
                summed[label] = summed.get(label, 0) + count
        assert totals[name] == summed, name
    last = account.intervals[-1]
    assert (last.in_flight, last.backlog) == (totals["in_flight"], totals["unsent"])
    for interval in account.intervals:
        assert min(interval.in_flight, interval.backlog) >= 0
    for tick in account.ticks:
        assert tick.sent == tick.done + sum(tick.failed.values()) + tick.in_flight
        assert tick.scheduled == tick.sent + tick.backlog + sum(tick.dropped.values())
    recorded = account.histogram("response").total + totals["out_of_range"].get("response", 0)
    assert recorded == totals["scheduled"]
    assert account.histogram("response_ok").total == totals["done"] - totals["out_of_range"].get("response_ok", 0)
    assert account.histogram("service").total == totals["sent"] == account.histogram("lag").total
    endpoints = totals["endpoints"].values()
    assert sum(one["sent"] for one in endpoints) == totals["sent"]
    assert sum(one["done"] for one in endpoints) == totals["done"]
    assert sum(one["failed"] for one in endpoints) == failed
