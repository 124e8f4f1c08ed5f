"""Alerts through a real Alertmanager: raised, known again, resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from loadgen.core.clock import utc_now
from loadgen.notify.channel import messaging_of
from loadgen.notify.ledger import Ledger
from loadgen.notify.notifier import Notifier
from loadgen.run.notice import trip_alert_of
from tests.support.alerts import ALERT
from tests.support.daemons import alertmanager, ask

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(60),
]
NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


async def test_an_alert_stands_until_it_is_resolved(tmp_path: Path) -> None:
    with alertmanager(tmp_path, NOBODY) as url:
        messaging = messaging_of({"ENABLE_ALERTS": "true", "ALERTMANAGER_URL": url})
        notifier = Notifier(messaging, Ledger(tmp_path / "ledger.json"))
        alert = replace(ALERT, at=utc_now() - timedelta(seconds=5))
        sent = await notifier.send(alert)
        assert sent.delivered, sent
        (standing,) = ask(f"{url}/api/v2/alerts")
        assert standing["labels"] == {
            "alertname": "LoadgenBreakerTripped", "severity": "critical", "service": "loadgen",
            "subject": "https://service.example",
        }  # fmt: skip
        assert standing["annotations"]["description"] == "Impact: 12 of 100 failed; Duration: 3s of 2h"
        ended = await notifier.resolve(trip_alert_of(alert.subject, utc_now()))
        assert ended.delivered, ended
        assert ask(f"{url}/api/v2/alerts") == []
