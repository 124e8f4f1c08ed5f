"""Pages: jinja2 templates of this package, everything escaped unless this module made it.

Law: nothing here calculates; a page is one file that asks for no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.render.chart_plot import plot_json
from reports.render.chart_svg import svg
from reports.web.assets import load_assets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reports.model.chart import Chart


_POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">'
_STYLE = "<style>{}</style>"
_LIBRARY = '<script id="library">{}</script>'
_SCRIPT = '<script id="charts">{}</script>'


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its still picture."""

    chart: Chart
    picture: Markup


def drawn(chart: Chart) -> Drawn:
    """Return a chart with its picture, ready for a template."""
    return Drawn(chart, Markup(svg(chart)))  # noqa: S704 - svg escapes every text of a chart


def page(template: str, charts: Sequence[Chart], context: Mapping[str, Any], mask: Callable[[str], str]) -> str:
    """Return a page of `template` with the charts' data, style and scripts inlined.

    `mask` takes secrets out of the page; it is kept from style and scripts, which it might break. They fill tags that
    no escaped text can contain.
    """
    data = Markup(plot_json(charts)) if charts else ""  # noqa: S704 - plot_json leaves no angle bracket
    text = mask(_environment().get_template(template).render(**context, charts_json=data))
    assets = load_assets()
    for tag, filled in (
        (_POLICY.format(""), _POLICY.format(assets.policy(scripts=bool(charts)))),
        (_STYLE.format(""), _STYLE.format(assets.style)),
        (_LIBRARY.format(""), _LIBRARY.format(assets.library)),
        (_SCRIPT.format(""), _SCRIPT.format(assets.script)),
    ):
        text = text.replace(tag, filled, 1)
    return text.rstrip("\n") + "\n"


def inline(text: str) -> Markup:
    """Return a neutral text as HTML: escaped, its code marked."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    marked = (Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts))
    return Markup("").join(marked)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = inline
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment
