"""Hand-edited and foreign files of the history: whatever stands in them, one message or NA, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgen.core.errors import LoadgenError
from reports.analysis.suggest import suggest
from reports.analysis.trend import trend_of
from reports.cli import report
from reports.loader.nightlies import nightly_name, read_nightlies
from reports.loader.thresholds import bundled_text, load_thresholds
from reports.model.suggestion import Rules
from reports.render.suggestions import suggestions_json
from reports.render.trend import trend_markdown, trend_page
from tests.support.nightlies import LAST, validation, write_nights
from tests.support.runs import T0

LIMITS = load_thresholds()
SUGGESTED = {
    "suggestions": [
        {"metric": "plugin_reload_latency_p95", "current_threshold": 2.0, "median_observed": 0.5,
         "suggested_threshold": 0.575, "sample_count": 5}
    ]
}  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, inner in items for found in paths(inner, (*place, key)))]


def edited(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return the document with another value at a place."""
    copy = json.loads(json.dumps(document))
    if not place:
        return value
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_edited_night_gives_a_trend_and_suggestions_all_the_same(data: st.DataObject) -> None:
    document = validation(LAST)
    place = data.draw(st.sampled_from(paths(document)))
    with TemporaryDirectory() as name:
        nights = write_nights(Path(name), 3)
        (nights / nightly_name(LAST)).write_text(json.dumps(edited(document, place, data.draw(values))))
        found = read_nightlies(nights)
        trend = trend_of(found, LIMITS)
        assert trend_page(trend, T0).endswith("</html>\n")
        assert "| 2026-03-31 |" in trend_markdown(trend, T0)
        assert suggestions_json(suggest(found, 30, LIMITS, Rules(), T0))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_edited_suggestions_tighten_or_are_refused(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(paths(SUGGESTED)))
    with TemporaryDirectory() as name:
        suggestions, thresholds = Path(name) / "s.json", Path(name) / "t.json"
        suggestions.write_text(json.dumps(edited(SUGGESTED, place, data.draw(values))))
        thresholds.write_text(bundled_text())
        arguments = ["thresholds", str(suggestions), str(thresholds), "--apply"]
        result = CliRunner().invoke(report, arguments, standalone_mode=False)
        assert result.exception is None or isinstance(result.exception, LoadgenError)
        after = load_thresholds(thresholds)
        for entry in LIMITS.entries:
            changed = after.find(entry.metric)
            assert changed is not None
            assert entry.met_by(changed.threshold), "a threshold only gets tighter"
