"""Run directories written by hand: every artifact consistent with one small set of parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc
from loadgen.core.hdr_log import HdrLogWriter
from loadgen.core.histogram import Histogram
from loadgen.core.load_stats import LoadSecond, LoadStatsWriter
from loadgen.core.metadata import blank
from loadgen.core.metrics_csv import COLUMNS, HEADER
from loadgen.core.outcome import DROPPED_LABELS
from loadgen.core.slo import SloTargets
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from pathlib import Path

T0 = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
CLOCK_TRENDS = {
    "response": "http_req_duration",
    "response_ok": "http_req_duration_ok",
    "service": "http_req_service",
    "lag": "loadgen_lag",
    "wait": "loadgen_wait",
}


@dataclass
class RunOnDisk:
    """A run of `samples` x `interval_s` at `rate_per_s`; each sample has the same traffic unless `rows` changes it.

    `failed` and `dropped` are totals by label over the whole run; `latencies_ms` maps a response time to how many of
    every hundred requests have it; `slowest_bucket` is the histogram bucket (index of BOUNDS) that holds the server's
    slowest `slow_share` of requests, all others being in the first.
    """

    profile: str = "production"
    environment: str = "production"
    kind: str = "baseline"
    status: str = "completed"
    samples: int = 12
    written: int | None = None
    interval_s: float = 600.0
    rate_per_s: int = 10
    failed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    unsent: int = 0
    latencies_ms: dict[int, int] = field(default_factory=lambda: {20: 90, 60: 9, 110: 1})
    rss_mb: float = 200.0
    errors_4xx: int = 0
    errors_5xx: int = 0
    raw_fallback: int = 600
    cache_miss: int = 600
    cache_hits: int = 9_000
    cache_misses: int = 1_000
    plugin: tuple[int, int] = (10, 0)
    snapshot: tuple[int, int] = (20, 0)
    buckets: tuple[int, ...] = ()
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    window: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def scheduled(self) -> int:
        return round(self.rate_per_s * self.samples * self.interval_s)

    def write(self, place: Path) -> Path:
        """Write every artifact into `place` and return it."""
        place.mkdir(parents=True, exist_ok=True)
        response = self._write_latencies(place)
        (place / "metadata.json").write_bytes(orjson.dumps(self._metadata(place.name), option=orjson.OPT_INDENT_2))
        (place / "summary.json").write_bytes(
            orjson.dumps(self._summary(response, place.name), option=orjson.OPT_INDENT_2)
        )
        self._write_metrics(place)
        self._write_load_stats(place)
        (place / "probes.csv").write_text("timestamp,t_s,took_ms,ok,error\n2026-03-01T12:00:05.000Z,5.000,1.200,1,\n")
        (place / "events.jsonl").write_text('{"ts":"2026-03-01T12:00:00.000Z","t_s":0,"event":"phase"}\n')
        return place

    def account(self) -> dict[str, int]:
        failed, dropped = sum(self.failed.values()), sum(self.dropped.values())
        sent = self.scheduled - dropped - self.unsent
        done = sent - failed
        return {
            "scheduled": self.scheduled,
            "sent": sent,
            "unsent": self.unsent,
            "done": done,
            "in_flight": 0,
            "failed": failed,
            "dropped": dropped,
        }

    def _write_latencies(self, place: Path) -> Histogram:
        """Spread the response times over the intervals; the other clocks get one value a request."""
        total = Histogram(60_000_000_000)
        ended = self.scheduled - self.unsent
        with (place / "latency.hlog").open("w", encoding="utf-8", newline="\n") as stream:
            log = HdrLogWriter(stream, T0)
            for at in range(self.samples):
                share = ended // self.samples + (ended % self.samples if at == self.samples - 1 else 0)
                response = self._response(share)
                total.add(response)
                log.write("response", at * self.interval_s, self.interval_s, response)
                for clock in ("response_ok", "service"):
                    log.write(clock, at * self.interval_s, self.interval_s, response)
                quick = Histogram(60_000_000_000)
                quick.record(30_000, share)
                for clock in ("lag", "wait"):
                    log.write(clock, at * self.interval_s, self.interval_s, quick)
        return total

    def _response(self, count: int) -> Histogram:
        histogram = Histogram(60_000_000_000)
        left = count
        *others, last = self.latencies_ms.items()
        for milliseconds, per_hundred in others:
            part = count * per_hundred // 100
            histogram.record(milliseconds * NS_PER_MS, part)
            left -= part
        histogram.record(last[0] * NS_PER_MS, left)
        return histogram

    def _summary(self, response: Histogram, run_id: str) -> dict[str, Any]:
        account = self.account()
        values = {
            "med": response.percentile(50) / NS_PER_MS,
            "p(90)": response.percentile(90) / NS_PER_MS,
            "p(95)": response.percentile(95) / NS_PER_MS,
            "p(99)": response.percentile(99) / NS_PER_MS,
        }
        return {
            "run_id": self.metadata.get("run_id", run_id),
            "metrics": {CLOCK_TRENDS["response"]: {"type": "trend", "values": values}},
            "totals": account,
            "outcomes": {"ok": account["done"], **self.failed, **self.dropped},
            "endpoints": {
                "/api/v2/hello": {
                    "sent": account["sent"], "done": account["done"], "failed": account["failed"],
                    "p50_ms": 20.0, "p95_ms": 60.0, "p99_ms": 60.0, "max_ms": 110.0,
                }
            },
            "out_of_range": {"response": 0},
            "rate": {"target": self.rate_per_s, "achieved": self.rate_per_s, "second_cv": 0.01},
            **self.summary,
        }  # fmt: skip

    def _requests(self) -> int:
        return self.scheduled

    def server_window(self) -> dict[str, Any]:
        requests = self._requests()
        counts = self.buckets or (round(requests * 0.95), 0, requests - round(requests * 0.95))
        buckets, cumulative = [], 0
        for at, bound in enumerate(BOUNDS):
            cumulative += counts[at] if at < len(counts) else 0
            buckets.append([bound, cumulative])
        return {
            "elapsed_s": self.samples * self.interval_s,
            "requests": requests,
            "success": requests - self.errors_4xx - self.errors_5xx,
            "errors_4xx": self.errors_4xx,
            "errors_5xx": self.errors_5xx,
            "raw_fallback": self.raw_fallback,
            "effective_fallback": self.raw_fallback - self.cache_miss,
            "fallback": {"cache_miss": self.cache_miss, "http_error": self.raw_fallback - self.cache_miss},
            "cache_hits": self.cache_hits,
            "cache_misses": self.cache_misses,
            "http_adapter_ops": 1_000,
            "message_bus_rpc_attempts": 100,
            "cache_get_attempts": self.cache_hits + self.cache_misses,
            "plugin_reload_success": self.plugin[0],
            "plugin_reload_failure": self.plugin[1],
            "snapshot_create_success": self.snapshot[0],
            "snapshot_create_failure": self.snapshot[1],
            "snapshot_restore_success": 0,
            "snapshot_restore_failure": 0,
            "cpu_s": self.samples * self.interval_s / 8,
            "rss_mb_max": self.rss_mb,
            "latency_buckets": [*buckets, ["+Inf", sum(counts)]],
            "latency_count": sum(counts),
            "latency_source": "histogram",
            "resets": 0,
            "restarts": 0,
            "scrapes": self.samples + 2,
            "failed_scrapes": 0,
            **self.window,
        }

    def _metadata(self, run_id: str) -> dict[str, Any]:
        end = T0 + timedelta(seconds=self.samples * self.interval_s)
        return {
            **blank(),
            "run_id": run_id,
            "kind": self.kind,
            "profile": self.profile,
            "environment": self.environment,
            "status": self.status,
            "exit_code": 0,
            "start_timestamp": iso_utc(T0),
            "end_timestamp": iso_utc(end),
            "t0": {"wall": iso_utc(T0), "monotonic_ns": 1},
            "base_url": "https://service.example",
            "metrics_url": ["https://service.example/metrics/prom"],
            "rate": f"{self.rate_per_s}/s",
            "rate_per_s": float(self.rate_per_s),
            "concurrency": 20,
            "workers": 1,
            "duration_seconds": self.samples * self.interval_s,
            "interval_seconds": self.interval_s,
            "samples": self.samples,
            "samples_written": self.samples,
            "jwt_provided": True,
            "cache_miss_counted": False,
            "breaker_counts_misses": False,
            "slo_targets": SloTargets().to_mapping(),
            "fingerprint": {"host": "generator-1", "cpus": 2, "python": "3.11.9"},
            "breaker": {
                "enabled": True,
                "thresholds": {"error_rate": 0.02, "effective_fallback": 0.08},
                "inputs": [{"input": name, "armed": True, "reason": ""} for name in ("client", "error_rate", "blind")],
                "trip": None,
            },
            "validity": {"state": "VALID", "reasons": [], "target_limited": False},
            "counters_at_start": {},
            "server_window": self.server_window(),
            "mandatory_metrics": ["success", "p95", "p99", "effective_fallback", "error", "memory", "cache_hit"],
            "not_applicable": [],
            "metrics_mode": "exposition",
            "load": self.account(),
            **self.metadata,
        }

    def row(self, number: int) -> dict[str, str]:
        """Return one row's texts; cumulative columns grow evenly."""
        share = number / self.samples
        requests = self._requests()
        at = T0 + timedelta(seconds=number * self.interval_s)
        errors = (self.errors_4xx + self.errors_5xx) / requests
        cache = self.cache_hits + self.cache_misses
        effective = self.raw_fallback - self.cache_miss
        texts = {
            **dict.fromkeys(COLUMNS, "NA"),
            "timestamp": iso_utc(at),
            "http_success_rate": f"{1 - errors:.6f}",
            "p50_latency": "0.008",
            "p90_latency": "0.009",
            "p95_latency": "0.010",
            "p99_latency": "0.040",
            "raw_fallback_ratio": f"{self.raw_fallback / requests:.6f}",
            "effective_fallback_ratio": f"{effective / requests:.6f}",
            "error_rate": f"{errors:.6f}",
            "error_rate_4xx": f"{self.errors_4xx / requests:.6f}",
            "error_rate_5xx": f"{self.errors_5xx / requests:.6f}",
            "cpu_percent": "12.5",
            "rss_mb": f"{self.rss_mb}",
            "request_rate": f"{requests / (self.samples * self.interval_s):.4f}",
            "raw_fallback_total": f"{1_000 + share * self.raw_fallback:.0f}",
            "effective_fallback_total": f"{500 + share * effective:.0f}",
            "cache_hit_rate": f"{self.cache_hits / cache:.6f}" if cache else "NA",
            "cache_hits_raw": f"{share * self.cache_hits:.0f}",
            "cache_misses_raw": f"{share * self.cache_misses:.0f}",
            "sample_num": str(number),
        }
        return {**texts, **self.rows.get(number, {})}

    def _write_metrics(self, place: Path) -> None:
        written = self.samples if self.written is None else self.written
        lines = [",".join(self.row(number).values()) for number in range(1, written + 1)]
        (place / "metrics.csv").write_text("\n".join([HEADER, *lines]) + "\n")

    def _write_load_stats(self, place: Path) -> None:
        """Write two seconds: the last one has one good request, the first all the others."""
        account = self.account()
        late = min(1, account["done"])
        due, sent, done = (account[name] - late for name in ("scheduled", "sent", "done"))
        writer = LoadStatsWriter(place / "load-stats.csv")
        dropped = {label: self.dropped.get(label, 0) for label in DROPPED_LABELS}
        writer.write(
            LoadSecond(
                0, T0 + timedelta(seconds=1), due, sent, done, self.failed, dropped,
                p50_ns=20 * NS_PER_MS, p99_ns=60 * NS_PER_MS,
            )
        )  # fmt: skip
        last = round(self.samples * self.interval_s) - 1
        writer.write(LoadSecond(last, T0 + timedelta(seconds=last + 1), late, late, late, {}, {}))
        writer.close()


def quick_run(**changes: Any) -> RunOnDisk:
    """Return a dev run of 3 samples, small enough to read again and again; `changes` are fields of RunOnDisk."""
    settings: dict[str, Any] = {
        "profile": "dev", "environment": "demo", "samples": 3, "interval_s": 10.0, "raw_fallback": 6, "cache_miss": 6,
    }  # fmt: skip
    return RunOnDisk(**{**settings, **changes})
