"""A real Prometheus and a real Alertmanager with the rules and routes of the repository, made quick, on loopback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from tests.support import daemons
from tests.support.rule_terms import OPS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

RULES = ("recording-rules.yml", "alerts.yml")


def quick_rules(directory: Path) -> list[str]:
    """Write the rules, evaluated every half second, their alerts held for nothing; the ranges stay as they are."""
    paths = []
    for name in RULES:
        text = (OPS / "prometheus" / name).read_text()
        text = re.sub(r"(?m)^(\s+interval: ).*$", r"\g<1>500ms", text)
        path = directory / name
        path.write_text(re.sub(r"(?m)^(\s+for: ).*$", r"\g<1>0s", text))
        paths.append(str(path))
    return paths


def prometheus(directory: Path, targets: Sequence[str], alertmanager: str = "") -> AbstractContextManager[str]:
    """Scrape /metrics/prom of targets (host:port) every half second as the job `api`; yield the base URL."""
    managers = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}] if alertmanager else []
    scrape = {"job_name": "api", "metrics_path": "/metrics/prom", "static_configs": [{"targets": list(targets)}]}
    return daemons.prometheus(
        directory,
        {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms", "scrape_timeout": "500ms"},
            "rule_files": quick_rules(directory),
            "alerting": {"alertmanagers": managers},
            "scrape_configs": [scrape],
        },
    )


def alertmanager(directory: Path, webhook_url: str) -> AbstractContextManager[str]:
    """Run the routes of the repository with waits of a second, everything sent to one webhook; yield the base URL."""
    (directory / "page-token").write_text("tops3cret")
    (directory / "slack-webhook-url").write_text(f"{webhook_url}/slack")
    text = (OPS / "alertmanager" / "alertmanager.yml").read_text()
    text = text.replace("/etc/alertmanager/secrets", str(directory)).replace("http://127.0.0.1:9099", webhook_url)
    quick = re.sub(r"((?:group_wait|group_interval): ).*", r"\g<1>1s", text)
    return daemons.alertmanager(directory, yaml.safe_load(quick))
