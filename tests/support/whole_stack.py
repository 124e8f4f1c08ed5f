"""Prometheus, Alertmanager and Pushgateway with the files of ops/, their time compressed, on loopback."""

from __future__ import annotations

import contextlib
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from loadgen.core.units import NS_PER_MS, parse_duration_ns
from loadgen.drill.compressed import compressed_rules
from tests.support import daemons

if TYPE_CHECKING:
    from collections.abc import Iterator

OPS = Path(__file__).parents[2] / "ops"
FACTOR = 120
"""Five minutes are two and a half seconds."""
_SCRAPE = "250ms"
_LEAST_MS = 200
_TIMES = frozenset({"group_wait", "group_interval", "repeat_interval"})


@dataclass(frozen=True)
class WholeStack:
    """Where each part listens."""

    prometheus: str
    alertmanager: str
    pushgateway: str

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in daemons.api(self.prometheus, "alerts")["alerts"]
                if alert["state"] == "firing"}  # fmt: skip

    def inhibited(self) -> dict[str, bool]:
        """Return, for each alert that Alertmanager holds, whether another one silences it."""
        found = daemons.ask(f"{self.alertmanager}/api/v2/alerts")
        return {alert["labels"]["alertname"]: bool(alert["status"]["inhibitedBy"]) for alert in found}

    def asked(self, expr: str) -> list[Any]:
        """Return what an expression gives now."""
        query = urllib.parse.urlencode({"query": expr})
        return list(daemons.api(self.prometheus, f"query?{query}")["result"])


@contextlib.contextmanager
def whole_stack(directory: Path, page: str, hook: str) -> Iterator[WholeStack]:
    """Run all three; Prometheus scrapes `page` (a whole URL) and every receiver posts to `hook`/NAME."""
    with (
        daemons.pushgateway() as gateway,
        daemons.alertmanager(directory, _alertmanager_config(hook)) as alertmanager,
        daemons.prometheus(directory, _prometheus_config(directory, page, gateway, alertmanager)) as prometheus,
    ):
        yield WholeStack(prometheus, alertmanager, gateway)


def _prometheus_config(directory: Path, page: str, gateway: str, alertmanager: str) -> dict[str, Any]:
    rules = [
        str(_written(directory / path.name, compressed_rules(yaml.safe_load(path.read_text()), FACTOR)))
        for path in (OPS / "prometheus" / "recording-rules.yml", OPS / "prometheus" / "alerts.yml")
    ]
    return {
        "global": {"scrape_interval": _SCRAPE, "scrape_timeout": _SCRAPE, "evaluation_interval": _SCRAPE},
        "rule_files": rules,
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [urlsplit(alertmanager).netloc]}]}]},
        "scrape_configs": [
            _scrape("metasheet", page, honor_labels=False),
            _scrape("pushgateway", f"{gateway}/metrics", honor_labels=True),
        ],
    }


def _scrape(job: str, page: str, *, honor_labels: bool) -> dict[str, Any]:
    parts = urlsplit(page)
    return {
        "job_name": job,
        "honor_labels": honor_labels,
        "metrics_path": parts.path,
        "static_configs": [{"targets": [parts.netloc]}],
    }


def _alertmanager_config(hook: str) -> dict[str, Any]:
    """Return the shipped configuration with its routes and inhibitions, all receivers ending at the hook."""
    shipped = yaml.safe_load((OPS / "alertmanager" / "alertmanager.yml").read_text())
    receivers = [
        {"name": one["name"], "webhook_configs": [{"url": f"{hook}/{one['name']}", "send_resolved": True}]}
        for one in shipped["receivers"]
    ]
    return {"route": _faster(shipped["route"]), "inhibit_rules": shipped["inhibit_rules"], "receivers": receivers}


def _faster(route: dict[str, Any]) -> dict[str, Any]:
    changed = {name: _compressed(value) if name in _TIMES else value for name, value in route.items()}
    return changed | ({"routes": [_faster(one) for one in route["routes"]]} if "routes" in route else {})


def _compressed(duration: str) -> str:
    return f"{max(_LEAST_MS, parse_duration_ns(duration) // FACTOR // NS_PER_MS)}ms"


def _written(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(document, width=1_000))
    return path
