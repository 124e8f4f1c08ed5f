"""Where messages go: the receivers that the settings name.

Laws: an address is a Secret; nothing is sent unless ENABLE_ALERTS is true (alerts) or it is asked for (summaries).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import MASK, Secret
from loadgen.core.setting_readers import is_placeholder, is_true

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CHANNEL = "alerts"
_ALERTS_PATH = "/api/v2/alerts"
_TRUE_OR_FALSE = frozenset({"true", "false", "1", "0", "yes", "no", "on", "off", ""})


class Style(Enum):
    """What a receiver understands."""

    SLACK = "Slack"
    DISCORD = "Discord"
    ALERTMANAGER = "Alertmanager"


@dataclass(frozen=True, slots=True)
class Channel:
    """One receiver; `channel` is a channel's name or id where the style has such."""

    style: Style
    address: Secret
    channel: str = ""

    @property
    def mark(self) -> str:
        """What tells this receiver from others where its address must not stand."""
        place = f"{self.address.reveal()} {self.channel}"
        return f"{self.style.value} {hashlib.sha256(place.encode()).hexdigest()[:8]}"

    def __str__(self) -> str:
        """Name it without its address: of a webhook not even the host's path is told."""
        return f"{self.style.value} ({_host(self.address)})"


@dataclass(frozen=True, slots=True)
class Messaging:
    """What the settings say about messages: whether alerts are on, who gets them, and who gets summaries."""

    alerts_enabled: bool = False
    receivers: tuple[Channel, ...] = ()
    summary: Channel | None = None


SILENT = Messaging()
"""Nobody is told anything."""


def read_messaging(variables: Mapping[str, object]) -> tuple[Messaging, list[Problem]]:
    """Read SLACK_WEBHOOK_URL, SLACK_CHANNEL, ENABLE_ALERTS, ALERT_CHANNEL_ID, ALERT_WEBHOOK_URL and ALERTMANAGER_URL.

    `variables` may be an environment or the `variables` of Settings. All problems are returned, and what is wrong is
    left out of the result. A webhook is of Discord's style when its path begins /api/webhooks/, else of Slack's.
    ALERT_CHANNEL_ID is the channel of alerts where it is not SLACK_CHANNEL's.
    """
    problems: list[Problem] = []
    texts = {name: _text(variables.get(name)) for name in NAMES}
    enabled = texts["ENABLE_ALERTS"].lower()
    if enabled not in _TRUE_OR_FALSE:
        problems.append(Problem("ENABLE_ALERTS", texts["ENABLE_ALERTS"], "write true or false"))
    slack = _address("SLACK_WEBHOOK_URL", texts, problems)
    webhook = _address("ALERT_WEBHOOK_URL", texts, problems)
    manager = _address("ALERTMANAGER_URL", texts, problems)
    channel = texts["SLACK_CHANNEL"] or DEFAULT_CHANNEL
    alert_channel = texts["ALERT_CHANNEL_ID"] or channel
    receivers = []
    for address in (slack, webhook):
        if address is not None:
            style = Style.DISCORD if _is_discord(address) else Style.SLACK
            receivers.append(Channel(style, address, alert_channel if style is Style.SLACK else ""))
    if manager is not None:
        receivers.append(Channel(Style.ALERTMANAGER, Secret(manager.reveal().rstrip("/") + _ALERTS_PATH)))
    summary = None if slack is None else Channel(Style.SLACK, slack, channel)
    return Messaging(is_true(enabled), tuple(receivers), summary), problems


def messaging_of(variables: Mapping[str, object]) -> Messaging:
    """Read the same and raise InputError with all problems."""
    messaging, problems = read_messaging(variables)
    if problems:
        raise InputError(problems)
    return messaging


NAMES = (
    "SLACK_WEBHOOK_URL", "SLACK_CHANNEL", "ENABLE_ALERTS", "ALERT_CHANNEL_ID", "ALERT_WEBHOOK_URL", "ALERTMANAGER_URL",
)  # fmt: skip
"""The variables that messages are set up with."""


def _text(value: object) -> str:
    return value.reveal().strip() if isinstance(value, Secret) else str(value or "").strip()


def _address(name: str, texts: Mapping[str, str], problems: list[Problem]) -> Secret | None:
    text = texts[name]
    if not text:
        return None
    if is_placeholder(text):
        problems.append(Problem(name, MASK, "still a placeholder: put the real address in its place, or remove it"))
        return None
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or any(char.isspace() for char in text):
        problems.append(Problem(name, MASK, "write an absolute http or https URL"))
        return None
    return Secret(text)


def _is_discord(address: Secret) -> bool:
    return urlsplit(address.reveal()).path.startswith("/api/webhooks/")


def _host(address: Secret) -> str:
    return urlsplit(address.reveal()).hostname or "?"
