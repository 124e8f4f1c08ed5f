"""The configuration of Alertmanager that goes with the rules: routes by severity, inhibition, receivers.

Laws: a secret stands in a file of its own, never in the configuration; an alert that is muted is muted by one of the
same trouble in the same place, so that a critical alert of one service hides nothing of another.
"""

from __future__ import annotations

from typing import Any

from reports.model.rule import Severity
from reports.render.rules_yaml import to_yaml

HEADER = (
    "# Written by `loadgen report rules --alertmanager FILE`.\n"
    "# Secrets are read from files below /etc/alertmanager/secrets; see docs/ALERTS.md.\n"
)
SECRETS = "/etc/alertmanager/secrets"
PAGE_URL = "http://127.0.0.1:9099/page"
_TITLE = "{{ .CommonLabels.severity | toUpper }} {{ .CommonLabels.alertname }} {{ .CommonLabels.job }}"
_TEXT = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "{{ .Annotations.response }}\nRunbook: {{ .Annotations.runbook_url }}\n{{ end }}"
)
_ROUTES = (
    (Severity.CRITICAL, "page", "30s", "1h"),
    (Severity.WARNING, "ticket", "5m", "4h"),
    (Severity.INFO, "note", "15m", "12h"),
)
_CHANNELS = {"ticket": "#ops-relay", "note": "#info-relay"}


def alertmanager_yaml(page_url: str = PAGE_URL) -> str:
    """Return the whole configuration; critical alerts are posted to `page_url`, with a bearer token from a file."""
    receivers = [_receiver(name, page_url) for name in ("page", "ticket", "note")]
    return HEADER + to_yaml({"route": _route(), "inhibit_rules": inhibit_rules(), "receivers": receivers})


def _route() -> dict[str, Any]:
    return {
        "receiver": "ticket",
        "group_by": ["alertname", "job"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
        "routes": [
            {
                "matchers": [f'severity="{severity}"'],
                "receiver": receiver,
                "group_wait": wait,
                "repeat_interval": repeat,
            }
            for severity, receiver, wait, repeat in _ROUTES
        ],
    }


def inhibit_rules() -> list[dict[str, Any]]:
    """Return what mutes what; a label that both sides lack counts as equal."""
    place = ["family", "job", "instance", "provider", "action"]
    ours = 'family!=""'
    return [
        _inhibit(['severity="critical"', ours], ['severity=~"warning|info"'], place),
        _inhibit(['severity="warning"', ours], ['severity="info"'], place),
        _inhibit(['alertname=~".+BurnPageFast"', ours], ['alertname=~".+BurnPageSlow"'], place),
        _inhibit(['alertname=~".+BurnTicketFast"', ours], ['alertname=~".+BurnTicketSlow"'], place),
        _inhibit(['alertname="ServiceDown"'], ['alertname!="ServiceDown"'], ["job", "instance"]),
    ]


def _inhibit(sources: list[str], targets: list[str], equal: list[str]) -> dict[str, Any]:
    return {"source_matchers": sources, "target_matchers": targets, "equal": equal}


def _receiver(name: str, page_url: str) -> dict[str, Any]:
    if name == "page":
        token = {"authorization": {"credentials_file": f"{SECRETS}/page-token"}}
        return {"name": name, "webhook_configs": [{"url": page_url, "send_resolved": True, "http_config": token}]}
    return {
        "name": name,
        "slack_configs": [
            {
                "api_url_file": f"{SECRETS}/slack-webhook-url",
                "channel": _CHANNELS[name],
                "send_resolved": name != "note",
                "title": _TITLE,
                "text": _TEXT,
            }
        ],
    }
