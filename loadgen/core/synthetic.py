"""The mark of a series that was made up to try alerts, so that nothing takes it for a measurement.

Law: whoever makes such a series puts the mark on it, and whoever measures leaves out what bears it, or the job that
such series have by default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL, VALUE = "synthetic", "true"
JOB = "loadgen_synth"
GAUGE = "loadgen_synthetic_scenario"
"""1 while a scenario is in force, with its name as a label."""

SCENARIO = "scenario"
"""That label."""

JOB_LABELS = ("job", "exported_job")
"""Where the job stands: a scrape without `honor_labels` moves what a page says to `exported_job`."""

_IN_FORCE = re.compile(
    rf'^{GAUGE}\{{(?:[^"}}]|"[^"]*")*{SCENARIO}="(?P<name>[^"]*)"[^\n]*\}} 1(?:\.0)?(?: [0-9]+(?:\.[0-9]+)?)?\r?$',
    re.MULTILINE,
)


def scenarios_on(page: str) -> frozenset[str]:
    """Return the scenarios that a metrics page says are in force.

    >>> sorted(scenarios_on('x 1\\nloadgen_synthetic_scenario{job="j",scenario="mime-slow"} 1\\n'))
    ['mime-slow']
    """
    return frozenset(found["name"] for found in _IN_FORCE.finditer(page)) if GAUGE in page else frozenset()


def is_synthetic(labels: Mapping[str, str]) -> bool:
    """Say whether a series is made up, by its labels.

    >>> is_synthetic({"synthetic": "true"}), is_synthetic({"job": "loadgen_synth"}), is_synthetic({"job": "api"})
    (True, True, False)
    """
    return labels.get(LABEL) == VALUE or any(labels.get(label) == JOB for label in JOB_LABELS)
