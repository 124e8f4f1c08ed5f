"""A real Prometheus with alerting rules over several pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support import daemons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


def prometheus_with_rules(
    directory: Path, pages: Sequence[str], rules: Sequence[Path], interval: str = "200ms"
) -> AbstractContextManager[str]:
    """Run a server that scrapes `pages` (whole URLs), believing their labels; yield its base URL."""
    scrapes = [
        {
            "job_name": f"page-{number}",
            "honor_labels": True,
            "metrics_path": urlsplit(page).path,
            "static_configs": [{"targets": [urlsplit(page).netloc]}],
        }
        for number, page in enumerate(pages)
    ]
    return daemons.prometheus(
        directory,
        {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": scrapes,
        },
    )


def firing(prometheus: str) -> set[tuple[str, str]]:
    """Return (job, alert) of every alert that fires."""
    found = daemons.api(prometheus, "alerts")["alerts"]
    return {
        (alert["labels"].get("job", ""), alert["labels"]["alertname"]) for alert in found if alert["state"] == "firing"
    }
