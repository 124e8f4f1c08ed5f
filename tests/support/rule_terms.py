"""Rules of a profile, as the generator makes them, and the files of the repository."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from observer.profile_file import load_profile
from observer.request import tell_profile
from reports.analysis.rules.terms import Policy, Terms
from reports.loader.metric_facts import read_facts
from reports.loader.thresholds import load_thresholds

if TYPE_CHECKING:
    from reports.model.metric_facts import MetricFacts

OPS = Path(__file__).parents[2] / "ops"
PROFILES = ("metasheet", "prometheus-http", "relay")


@cache
def facts(profile: str) -> MetricFacts:
    """Return what a bundled profile says."""
    import orjson

    return read_facts(orjson.loads(tell_profile(load_profile(profile), as_json=True)))


def terms(profile: str = "metasheet", *, job: str | None = None, **limits: float) -> Terms:
    """Return the terms of a bundled profile and the shipped thresholds, some of them changed."""
    shipped = load_thresholds()
    entries = tuple(replace(item, threshold=limits.get(item.metric, item.threshold)) for item in shipped.entries)
    known = "loadgen_synth" if profile == "relay" else ""
    return Terms(facts(profile), replace(shipped, entries=entries), Policy(known if job is None else job))
