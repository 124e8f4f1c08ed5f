"""An alert as each kind of receiver wants it: Slack, Discord, Alertmanager, a terminal.

Law: pure; the address of a receiver is in none of them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import iso_utc
from loadgen.notify import block_kit
from loadgen.notify.block_kit import cut, escape
from loadgen.notify.response import response_to

if TYPE_CHECKING:
    from datetime import datetime

    from loadgen.notify.alert import Alert

_LONGEST_DISCORD = 2_000
_LONGEST_LABEL = 200
LASTS = timedelta(minutes=15)
"""How long an alert stands in Alertmanager when nobody resolves it: as long as a trip blocks its host."""


def slack_body(alert: Alert, channel: str = "") -> dict[str, Any]:
    """Return a Slack message: blocks, and the same as plain text."""
    markup = [f"{alert.severity.sign} *{alert.severity.upper()} ALERT*", escape(alert.message)]
    if alert.root_cause:
        markup.append(f"*Root Cause:* {escape(alert.root_cause)}")
    if alert.trace_id:
        markup.append(f"*Trace ID:* `{escape(alert.trace_id)}`")
    if alert.link:
        shown = f"<{escape(alert.link)}|View Run>" if _is_url(alert.link) else f"Run: `{escape(alert.link)}`"
        markup.append(shown)
    blocks = [
        *block_kit.sections("\n".join(markup)),
        *block_kit.field_sections(alert.details),
        block_kit.context(
            escape(f"{response_to(alert.severity).sentence} · {alert.name} · {alert.subject} · {iso_utc(alert.at)}")
        ),
    ]
    return block_kit.message(escape(plain_text(alert)), blocks, channel)


def discord_body(alert: Alert) -> dict[str, Any]:
    """Return a Discord message: markdown, within 2,000 characters, that mentions nobody."""
    lines = [f"{alert.severity.sign} **{alert.severity.upper()} ALERT**", alert.message]
    lines.append(f"**{response_to(alert.severity).sentence}**")
    if alert.root_cause:
        lines.append(f"**Root Cause:** {alert.root_cause}")
    lines += [f"**{title}:** {text}" for title, text in alert.details]
    if alert.trace_id:
        lines.append(f"**Trace ID:** `{alert.trace_id}`")
    if alert.link:
        lines.append(f"[View Run]({alert.link})" if _is_url(alert.link) else f"Run: `{alert.link}`")
    return {"content": cut("\n".join(lines), _LONGEST_DISCORD), "allowed_mentions": {"parse": []}}


def alertmanager_body(alert: Alert, *, resolved_at: datetime | None = None) -> list[dict[str, Any]]:
    """Return what `POST /api/v2/alerts` takes; with `resolved_at` the same alert, ended.

    Labels name the matter and hold no figure: Alertmanager knows an alert again by its labels.
    """
    labels = {"alertname": alert.name, "severity": alert.severity.value, "service": "loadgen"}
    if alert.subject:
        labels["subject"] = cut(alert.subject, _LONGEST_LABEL)
    annotations = {
        "summary": alert.message,
        "description": "; ".join(f"{title}: {text}" for title, text in alert.details),
        "response": response_to(alert.severity).sentence,
        "root_cause": alert.root_cause,
        "trace_id": alert.trace_id,
        "run_id": alert.run_id,
        "run": alert.link,
    }
    body: dict[str, Any] = {
        "labels": labels,
        "annotations": {name: text for name, text in annotations.items() if text},
        "startsAt": iso_utc(alert.at),
        "endsAt": iso_utc(resolved_at if resolved_at is not None else alert.at + LASTS),
    }
    if _is_url(alert.link):
        body["generatorURL"] = alert.link
    return [body]


def plain_text(alert: Alert) -> str:
    """Return an alert as lines of plain text."""
    lines = [f"{alert.severity.sign} {alert.severity.upper()} ALERT: {alert.message}"]
    lines.append(response_to(alert.severity).sentence)
    if alert.root_cause:
        lines.append(f"Root cause: {alert.root_cause}")
    lines += [f"{title}: {text}" for title, text in alert.details]
    if alert.trace_id:
        lines.append(f"Trace ID: {alert.trace_id}")
    if alert.link:
        lines.append(f"Run: {alert.link}")
    return "\n".join(lines)


def _is_url(link: str) -> bool:
    return link.startswith(("http://", "https://"))
