"""Every metric family of the demo service, under the names that observers of such services expect.

Law: a family is declared here and fed by exactly the code that does the work it counts.
"""

from __future__ import annotations

import psutil

from loadgen.core.clock import utc_now
from loadgen.demo.instruments import Buckets, Number, Registry, Window

_REQUEST_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)
_PLUGIN_S = (0.1, 0.5, 1, 2, 5, 10)
_SNAPSHOT_S = (0.1, 0.5, 1, 2, 5, 10, 30)
_REDIS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2)
_SIZE_BYTES = (100, 1_000, 10_000, 100_000, 1_000_000)


class RequestSeries:
    """The cells that one kind of answer feeds, looked up once per (route, method, status)."""

    __slots__ = ("_requests", "_seconds", "_size", "_summary")

    def __init__(self, requests: Number, seconds: Buckets, summary: Window, size: Buckets) -> None:
        self._requests = requests
        self._seconds = seconds
        self._summary = summary
        self._size = size

    def record(self, duration_s: float, done_ns: int, size_bytes: int) -> None:
        self._requests.inc()
        self._seconds.observe(duration_s)
        self._summary.observe(duration_s, done_ns)
        self._size.observe(size_bytes)


class Metrics:
    """The families by subject; `restart` does to them what a new process would."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._series: dict[tuple[str, str, int], RequestSeries] = {}
        self._declare_http()
        self._declare_fallback()
        self._declare_cache()
        self._declare_operations()
        self._declare_auth()
        self._declare_process()

    def _declare_http(self) -> None:
        labels = ("route", "method", "status")
        new = self.registry
        self.http_requests = new.counter("http_requests_total", "Requests answered.", "method", "status")
        self._seconds = new.histogram(
            "http_server_requests_seconds", "Time from arrival to answer in seconds.", _REQUEST_S, *labels
        )
        self._summary = new.summary(
            "http_server_requests_seconds_summary", "The same over the last minute, as quantiles.", *labels
        )
        self._size = new.histogram("http_response_size_bytes", "Size of answer bodies in bytes.", _SIZE_BYTES, "route")
        self.in_flight = new.gauge("http_requests_in_flight", "Requests received and not yet answered.")

    def _declare_fallback(self) -> None:
        new = self.registry
        self.fallback = new.counter("metasheet_fallback_total", "Fallbacks taken, cache misses included.", "reason")
        self.effective = new.counter("metasheet_fallback_effective_total", "Fallbacks that degrade.", "reason")
        self.adapter_ops = new.counter("metasheet_http_adapter_ops_total", "Calls of the HTTP adapter.")
        self.rpc_attempts = new.counter("metasheet_message_bus_rpc_attempts_total", "Calls over the message bus.")

    def _declare_cache(self) -> None:
        new = self.registry
        self.cache_attempts = new.counter("cache_get_attempts_total", "Reads tried on the cache.")
        self.cache_hits = new.counter("cache_hits_total", "Reads that found a value.", "impl", "key_pattern")
        self.cache_miss = new.counter("cache_miss_total", "Reads that found none.", "impl", "key_pattern")
        self.cache_set = new.counter("cache_set_total", "Values written.", "impl", "key_pattern")
        self.cache_del = new.counter("cache_del_total", "Values deleted.", "impl", "key_pattern")
        self.cache_errors = new.counter("cache_errors_total", "Operations that failed.", "impl", "error_type")
        self.cache_enabled = new.gauge("cache_enabled", "1 when this cache is in use.", "impl")
        self.redis_seconds = new.histogram(
            "redis_operation_duration_seconds", "Redis operations that were tried, in seconds.", _REDIS_S, "op"
        )
        self.redis_timeouts = new.counter("redis_timeouts_total", "Redis operations without an answer in time.", "op")
        self.redis_recoveries = new.counter("redis_recovery_attempts_total", "Reconnections tried to Redis.", "result")
        self.redis_last_failure = new.gauge(
            "redis_last_failure_timestamp", "When Redis last failed, in Unix seconds; 0 is never."
        )

    def _declare_operations(self) -> None:
        new = self.registry
        self.plugin_reload = new.counter("metasheet_plugin_reload_total", "Plugin reloads.", "plugin_name", "result")
        self.plugin_seconds = new.histogram(
            "metasheet_plugin_reload_duration_seconds", "Plugin reloads in seconds.", _PLUGIN_S, "plugin_name"
        )
        self.snapshot_create = new.counter("metasheet_snapshot_create_total", "Snapshots taken.", "result")
        self.snapshot_restore = new.counter("metasheet_snapshot_restore_total", "Snapshots restored.", "result")
        self.snapshot_cleanup = new.counter("metasheet_snapshot_cleanup_total", "Snapshots removed.", "result")
        self.snapshot_seconds = new.histogram(
            "metasheet_snapshot_operation_duration_seconds", "Snapshot work in seconds.", _SNAPSHOT_S, "operation"
        )

    def _declare_auth(self) -> None:
        new = self.registry
        self.jwt_fail = new.counter("jwt_auth_fail_total", "Bearer tokens refused.", "reason")
        self.auth_failures = new.counter("metasheet_auth_failures_total", "Requests refused for lack of a credential.")
        self.rate_limited = new.counter(
            "metasheet_rate_limited_total", "Internal requests over the limit, answered 429.", "route"
        )

    def _declare_process(self) -> None:
        new = self.registry
        self._process = psutil.Process()
        self._cpu_base_s = 0.0
        self._rss = new.gauge("process_resident_memory_bytes", "Resident memory in bytes.")
        self._cpu = new.counter("process_cpu_seconds_total", "User and system time in seconds.")
        self._start = new.gauge("process_start_time_seconds", "Start of the process in Unix seconds.")
        self._open_fds = new.gauge("process_open_fds", "Open file descriptors.")
        self._start.labels().value = utc_now().timestamp()

    def answered(self, route: str, method: str, status: int) -> RequestSeries:
        """Return the cells for one kind of answer."""
        key = (route, method, status)
        series = self._series.get(key)
        if series is None:
            code = str(status)
            series = self._series[key] = RequestSeries(
                self.http_requests.labels(method, code),
                self._seconds.labels(route, method, code),
                self._summary.labels(route, method, code),
                self._size.labels(route),
            )
        return series

    def restart(self) -> None:
        """Set everything to zero and the start time to now; gauges of what is still going on stay."""
        in_flight = self.in_flight.labels().value
        self._series.clear()
        self.registry.reset()
        self.in_flight.labels().value = in_flight
        self._cpu_base_s = self._cpu_s()
        self._start.labels().value = utc_now().timestamp()

    def exposition(self) -> bytes:
        """Return the page in the Prometheus text format, process figures read now."""
        self._read_process()
        return self.registry.exposition()

    def as_json(self) -> dict[str, object]:
        self._read_process()
        return {"families": self.registry.as_json()}

    def _read_process(self) -> None:
        self._rss.labels().value = self._process.memory_info().rss
        self._cpu.labels().value = self._cpu_s() - self._cpu_base_s
        self._open_fds.labels().value = self._process.num_fds()

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)
