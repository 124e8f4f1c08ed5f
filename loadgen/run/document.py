"""metadata.json as a run begins: everything that is known before anything is sent.

Law: pure; secrets leave the plan masked (`codec.describe`), URLs without userinfo, that of the
metrics without the values of its query.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from loadgen.core.clock import iso_utc
from loadgen.core.metadata import blank
from loadgen.core.secret_shapes import mask_address
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.plan.codec import describe
from loadgen.plan.model import Arrival
from loadgen.run.phases import duration_ns, mean_rate_per_s, planned_requests
from loadgen.run.stages import stage_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from loadgen.core.metadata import Document
    from loadgen.plan.model import BreakerLimits, LoadPlan, Plan

_SHOWN_STAGES = 8


def without_userinfo(url: str) -> str:
    """Return a URL without user and password.

    >>> without_userinfo("https://me:secret@host:9090/x?y=1")
    'https://host:9090/x?y=1'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def described(plan: Plan) -> Any:
    """Return a plan as the record has it: secrets and the queries of the metrics addresses masked."""
    if plan.observation is None:
        return describe(plan)
    urls = tuple(map(mask_address, plan.observation.metrics_urls))
    return describe(replace(plan, observation=replace(plan.observation, metrics_urls=urls)))


def initial_document(
    plan: Plan, run_id: str, started: datetime, fingerprint: Mapping[str, Any], preflight: Sequence[Mapping[str, Any]]
) -> Document:
    """Return the first version of the document: status running."""
    document = blank()
    load = plan.load
    document.update(
        run_id=run_id,
        kind=plan.kind.value,
        profile=plan.profile.value,
        environment=plan.environment,
        start_timestamp=iso_utc(started),
        base_url=without_userinfo(plan.base_url),
        rate=rate_text(load),
        rate_per_s=mean_rate_per_s(load),
        concurrency=load.concurrency,
        workers=load.workers,
        planned_requests=planned_requests(load),
        duration_seconds=duration_ns(load) / NS_PER_S,
        jwt_provided=plan.jwt is not None,
        slo_targets=dict(plan.slo),
        plan=described(plan),
        fingerprint=dict(fingerprint),
        preflight=[dict(check) for check in preflight],
        breaker={**_breaker(plan.breaker), "inputs": [], "trip": None},
        breaker_counts_misses=plan.breaker.count_misses,
        samples=0,
    )
    observation = plan.observation
    if observation is not None:
        document.update(
            metrics_url=[mask_address(url) for url in observation.metrics_urls],
            interval_seconds=observation.interval_ns / NS_PER_S,
            samples=observation.samples,
            cache_miss_counted=observation.count_cache_miss,
        )
    return document


def continued_document(earlier: Document, now: Document) -> Document:
    """Return the document of an interrupted run that goes on: running again, all else as it was.

    What a new run would say about now (start, fingerprint, preflight) stands in a new entry of `resumed`.
    """
    again = {"at": now["start_timestamp"], "fingerprint": now["fingerprint"], "preflight": now["preflight"]}
    again["trace_id_before"] = earlier["trace_id"]
    return {
        **earlier,
        "trace_id": now["trace_id"],
        "status": now["status"],
        "exit_code": None,
        "end_timestamp": None,
        "error": None,
        "validity": None,
        "resumed": [*earlier["resumed"], {**again, "status_before": earlier["status"]}],
        "notes": [*earlier["notes"], *(note for note in now["notes"] if note not in earlier["notes"])],
    }


def rate_text(load: LoadPlan) -> str:
    """Return the rate as it is written, stages joined by arrows; of many stages the first ones and the last."""
    if load.replay is not None:
        return f"replay at {load.replay.speed} × its speed, at most {load.replay.peak}"
    if load.closed is not None:
        think = f", {format_duration(load.closed.think_ns)} think time" if load.closed.think_ns else ""
        return f"closed, {load.concurrency} at a time{think}"
    texts = [stage_text(stage) for stage in load.stages]
    if len(texts) > _SHOWN_STAGES:
        texts[_SHOWN_STAGES - 1 : -1] = ["…"]
    return " → ".join(texts) + (" Poisson" if load.arrival is Arrival.POISSON else "")


def _breaker(limits: BreakerLimits) -> dict[str, Any]:
    return {
        "enabled": limits.enabled,
        "thresholds": {"error_rate": limits.error_rate, "effective_fallback": limits.effective_fallback},
        "server_errors": limits.server_errors,
        "allow_blind": limits.allow_blind,
        "allow_unarmed": list(limits.allow_unarmed),
        "client_window_s": limits.client_window_ns / NS_PER_S,
        "server_window_s": limits.server_window_ns / NS_PER_S,
    }
