"""Ask the observer, a process of its own, what a metric profile says."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.setting_table import SECRET_VARIABLES
from reports.loader.fields import Fields
from reports.loader.scrape import Request, ask
from reports.model.metric_facts import MetricFacts, MetricSource, Selector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIMEOUT_S = 30.0


class ProfileError(LoadgenError):
    """The profile cannot be used; the observer's own words say why."""


def metric_facts(profile: str, environ: Mapping[str, str]) -> MetricFacts:
    """Return what a profile (a bundled name or a TOML file) says; raise ProfileError with all of its problems."""
    command = [sys.executable, "-P", "-m", "observer", "profile", profile, "--json"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={name: value for name, value in environ.items() if name not in SECRET_VARIABLES},
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProfileError(f"{profile}: the observer gave no answer within {_TIMEOUT_S:g} s") from error
    except OSError as error:
        raise ProfileError(f"the observer cannot be started: {os.strerror(error.errno or 0)}") from error
    if done.returncode != 0:
        raise ProfileError(done.stderr.strip() or f"{profile}: the observer ended with {done.returncode}")
    return read_facts(orjson.loads(done.stdout))


def exposed_facts(facts: MetricFacts, profile: str, urls: Sequence[str], environ: Mapping[str, str]) -> MetricFacts:
    """Return the facts of a profile narrowed to what a service exposes; raise ScrapeFailed when it cannot be read."""
    header = environ.get("METRICS_AUTH_HEADER") or environ.get("EXTRA_CURL_HEADER") or ""
    histograms = sorted({source.parts["histogram"][0].name for source in facts.metrics.get("latency", ())})
    asked = [word for name in histograms for word in ("--series", f"{name}_bucket")]
    found = Fields(ask(Request(tuple(urls), header, metric_profile=profile), environ, *asked))
    narrowed = facts.narrowed(" ".join(urls), found.described("metrics"))
    if not narrowed.has("latency"):
        return narrowed
    name = narrowed.metrics["latency"][0].parts["histogram"][0].name
    bounds = {
        float(series.below("labels").text("le"))
        for series in found.each("series")
        if series.text("name") == f"{name}_bucket"
    }
    return replace(narrowed, buckets={"latency": tuple(sorted(bounds))})


def read_facts(document: Mapping[str, object]) -> MetricFacts:
    """Return the facts of a profile in its JSON form."""
    fields = Fields(document)
    metrics = fields.below("metrics")
    signals = fields.described("signals")
    return MetricFacts(
        fields.text("name"),
        fields.text("title"),
        {logical: tuple(_source(item) for item in metrics.each(logical)) for logical in metrics.names()},
        {name: Selector.parse(text) for name, text in signals.items()},
    )


def _source(item: Fields) -> MetricSource:
    parts = item.below("parts")
    return MetricSource(
        item.text("name"),
        {part: tuple(Selector.parse(text) for text in parts.texts(part)) for part in parts.names()},
        item.texts("by"),
        item.described("words"),
        item.number("scale") or 1.0,
    )
