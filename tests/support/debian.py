"""Programs of Debian packages that some tests need."""

from __future__ import annotations

import shutil

import pytest

_PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-pushgateway": "prometheus-pushgateway",
    "promtool": "prometheus",
    "prometheus": "prometheus",
}


def program(name: str) -> str:
    """Return the path of a program; skip the test, naming the package that is missing, where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {_PACKAGES[name]}")
    return found
