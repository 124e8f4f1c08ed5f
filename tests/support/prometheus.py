"""A real Prometheus that scrapes one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import daemons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


def prometheus(
    directory: Path, target: str, path: str = "/metrics", interval: str = "1s", *, rules: Sequence[str] = ()
) -> AbstractContextManager[str]:
    """Run a server that scrapes `path` of `target` once an interval and evaluates rule files; yield its base URL."""
    scrape = {"job_name": "api", "metrics_path": path, "static_configs": [{"targets": [target]}]}
    document = {"global": {"scrape_interval": interval}, "rule_files": list(rules), "scrape_configs": [scrape]}
    return daemons.prometheus(directory, document)
