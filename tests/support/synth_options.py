"""The parameters of `loadgen drill synth` as click hands them over."""

from __future__ import annotations

from typing import Any


def options(**changed: Any) -> dict[str, Any]:
    """Return the defaults with some of them changed."""
    return {
        "scenario": "error-rate-warn", "everything": False, "sink": "pushgateway", "demo_url": None,
        "pushgateway_url": "http://localhost:9091", "duration": None, "push_interval": "10s", "gap": "10m",
        "compress": 1, "job": "loadgen_synth", "instance": None, "prom_url": None, "allow_target": False, "json": False,
    } | changed  # fmt: skip
