"""Read what a page carries from the installed packages: our style sheets and script, and uPlot.

Law: everything is inlined, so a page never asks for another file; the policy names each inlined part by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_CARRIER = "youplot.vendor"


@dataclass(frozen=True, slots=True)
class Assets:
    """The texts of a page's style sheet, library and script."""

    style: str
    library: str
    script: str

    def policy(self, *, scripts: bool) -> str:
        """Return the Content-Security-Policy that lets these parts act and nothing else."""
        script = " ".join(_hash(text) for text in (self.library, self.script)) if scripts else "'none'"
        return (
            f"default-src 'none'; script-src {script}; style-src {_hash(self.style)}; img-src data:; "
            "base-uri 'none'; form-action 'none'"
        )


def load_assets() -> Assets:
    """Read the parts of a page."""
    own, carrier = files("reports.web"), files(_CARRIER)
    own_style = chart_style() + own.joinpath("report.css").read_text("utf-8")
    style = carrier.joinpath("uplot.min.css").read_text("utf-8") + own_style
    library = carrier.joinpath("uplot.iife.min.js").read_text("utf-8")
    script = own.joinpath("charts.js").read_text("utf-8")
    return Assets(*(text.replace("</", "<\\/") for text in (style, library, script)))


def chart_style() -> str:
    """Return the colours and lines of a chart alone, for a picture that stands in no page."""
    return files("reports.web").joinpath("chart.css").read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
