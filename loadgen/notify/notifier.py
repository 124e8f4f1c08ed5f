"""Send alerts: once within 300 s, to every receiver, whatever one of them does.

Laws: sending never raises and never lasts longer than its bound; what went wrong is a sentence without an address.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import SystemClock
from loadgen.core.redact import Redactor
from loadgen.notify.alert_text import alertmanager_body, discord_body, slack_body
from loadgen.notify.channel import Style
from loadgen.notify.delivery import deliver, post_json, post_to_slack
from loadgen.notify.ledger import Leave

if TYPE_CHECKING:
    from loadgen.core.clock import Clock
    from loadgen.notify.alert import Alert
    from loadgen.notify.channel import Channel, Messaging
    from loadgen.notify.delivery import Patience, Post
    from loadgen.notify.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an alert: `delivered` is True when at least one receiver has it; `lines` say what happened."""

    delivered: bool
    lines: tuple[str, ...]
    problems: tuple[str, ...] = ()


class Notifier:
    """Sends alerts to the receivers of the settings; does nothing while alerts are switched off."""

    def __init__(
        self, messaging: Messaging, ledger: Ledger, *, patience: Patience | None = None, clock: Clock | None = None
    ) -> None:
        self._messaging = messaging
        self._ledger = ledger
        self._patience = patience
        self._clock = clock or SystemClock()

    def __repr__(self) -> str:
        receivers = ", ".join(map(str, self._messaging.receivers))
        return f"<Notifier {'on' if self._messaging.alerts_enabled else 'off'}: {receivers}>"

    @property
    def on(self) -> bool:
        """Whether alerts go anywhere."""
        return self._messaging.alerts_enabled and bool(self._messaging.receivers)

    async def send(self, alert: Alert) -> Sent:
        """Send an alert to every receiver, unless it is switched off, was sent lately, or is muted."""
        if not self._messaging.alerts_enabled:
            return Sent(False, ("alerts are off (ENABLE_ALERTS)",))
        if not self._messaging.receivers:
            return Sent(False, (), ("alerts are on, but no receiver is set: give SLACK_WEBHOOK_URL or another",))
        return _sum_up(await asyncio.gather(*(self._to(receiver, alert) for receiver in self._messaging.receivers)))

    async def _to(self, receiver: Channel, alert: Alert) -> tuple[str, bool, bool]:
        """Send to one receiver; return what happened, whether it has the alert now, and whether it should have."""
        leave = await asyncio.to_thread(self._ledger.claim, alert, receiver.mark, self._clock.utc_now())
        if leave is not Leave.GRANTED:
            return f"{receiver}: not sent: {leave.value}", False, False
        result = await deliver(_post_of(receiver), receiver.address, _body_of(receiver, alert), self._patience)
        if result.delivered:
            await asyncio.to_thread(self._ledger.confirm, alert, receiver.mark, self._clock.utc_now())
        else:
            await asyncio.to_thread(self._ledger.release, alert, receiver.mark)
        return f"{receiver}: {result.detail}", result.delivered, True

    async def resolve(self, alert: Alert) -> Sent:
        """Tell Alertmanager that an alert is over, if it was raised there lately; others have no such notion."""
        managers = [item for item in self._messaging.receivers if item.style is Style.ALERTMANAGER]
        now = self._clock.utc_now()
        outcomes = []
        for item in managers if self._messaging.alerts_enabled else ():
            if await asyncio.to_thread(self._ledger.stands, alert, item.mark, now):
                body = Redactor().structure(alertmanager_body(alert, resolved_at=now))
                result = await deliver(post_json, item.address, body, self._patience)
                outcomes.append((f"{item}: resolved, {result.detail}", result.delivered, True))
        return _sum_up(outcomes)


def _post_of(channel: Channel) -> Post:
    return post_to_slack if channel.style is Style.SLACK else post_json


def _body_of(channel: Channel, alert: Alert) -> Any:
    """Return the body for a receiver, with everything that looks like a secret masked."""
    if channel.style is Style.SLACK:
        body: Any = slack_body(alert, channel.channel)
    elif channel.style is Style.DISCORD:
        body = discord_body(alert)
    else:
        body = alertmanager_body(alert)
    return Redactor().structure(body)


def _sum_up(outcomes: list[tuple[str, bool, bool]]) -> Sent:
    lines = tuple(line for line, _, _ in outcomes)
    problems = tuple(line for line, delivered, tried in outcomes if tried and not delivered)
    return Sent(any(delivered for _, delivered, _ in outcomes), lines, problems)
