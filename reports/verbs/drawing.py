"""From the options of `report dashboard` to a dashboard."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from reports.analysis.dashboard.assemble import Wish, assemble
from reports.loader.metric_facts import metric_facts
from reports.loader.thresholds import load_thresholds
from reports.verbs.publishing import complain

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.dashboard import Dashboard

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def drawn(profile: str, thresholds: Path | None, title: str, uid: str, *, self_metrics: bool) -> Dashboard:
    """Return the dashboard; what had to be left out is told on standard error. Raises LoadgenError."""
    if uid and not _UID.fullmatch(uid):
        raise InputError([Problem("--uid", uid, "write at most 40 letters, digits, - and _: Grafana takes no other")])
    limits = load_thresholds(thresholds)
    dashboard, left_out = assemble(metric_facts(profile, os.environ), limits, Wish(title, uid, self_metrics))
    for item in left_out:
        complain(f"left out {item.name}: {item.reason}")
    return dashboard
