"""The name and place of every artifact of a run; no other module spells one.

Law: one writer per file. The observer writes metrics.csv, raw-metrics.txt, redis.jsonl and observe.log, the supervisor
all else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path("results")
DRILLS = RESULTS / "drills"
"""Where the records of tabletop drills go, unless another place is named."""
LOAD_PID = Path("phase5-load.pid")
OBSERVE_PID = Path("phase5-observe.pid")
STOP_FILE = Path("STOP_OBSERVATION")
ALERT_LEDGER = ".alerts.json"
"""Below the results: what was sent lately, so that nobody is told twice."""
TRACES = ".traces.jsonl"
"""Below the results: what the last commands did, step by step."""

_PREFIX = {"production": "phase5-prod", "staging": "phase5-staging", "dev": "phase5-dev"}


class RunDirectory:
    """The paths of one run's artifacts below `path`; it creates nothing but the directory itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata = path / "metadata.json"
        self.metrics_csv = path / "metrics.csv"
        self.raw_metrics = path / "raw-metrics.txt"
        self.probes_csv = path / "probes.csv"
        self.load_stats = path / "load-stats.csv"
        self.latency_hlog = path / "latency.hlog"
        self.load_log = path / "load.log"
        self.redis_jsonl = path / "redis.jsonl"
        self.observe_log = path / "observe.log"
        self.summary = path / "summary.json"
        self.events = path / "events.jsonl"
        self.breaker = path / "breaker.json"
        self.partial_summary = path / "partial-summary.md"
        self.abort_notice = path / "abort-notice.md"
        self.production_report = path / "production-report.md"
        self.report_html = path / "report.html"
        self.validation = path / "validation.json"
        self.console_log = path / "console.log"
        self.decisions = path / "decisions.jsonl"
        self.capacity = path / "capacity.json"
        self.capacity_report = path / "capacity-report.md"

    @property
    def run_id(self) -> str:
        """The directory's own name."""
        return self.path.name

    @classmethod
    def create(cls, results: Path, profile: str, at: datetime) -> RunDirectory:
        """Create `results/phase5-<profile>-<YYYYMMDD-HHMMSS>` in UTC; a taken name gets -2, -3, ..."""
        stem = f"{_PREFIX[profile]}-{at.astimezone(UTC):%Y%m%d-%H%M%S}"
        number = 1
        while True:
            path = results / (stem if number == 1 else f"{stem}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
                continue
            return cls(path)
