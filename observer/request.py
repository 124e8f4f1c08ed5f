"""From command-line options and settings to an ObservePlan, and from what was found to text."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import utc_now
from loadgen.core.config import env_file_for, load_settings
from loadgen.core.errors import InputError, Problem
from loadgen.core.messages import ObservePlan
from loadgen.core.redis_address import read_redis_url
from loadgen.core.rundir import RESULTS, RunDirectory
from loadgen.core.units import NS_PER_S, parse_duration_ns
from observer.cardinality import Crowd
from observer.export import query_range
from observer.source import Access, ObserverError, ScrapeError, parse_header, parse_urls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.config import Settings
    from observer.profile import Profile

_MAX_HEADER_BYTES = 64 * 1024


def observe_plan(
    profile: str | None, env_file: str | None, label_limit: int, flags: Mapping[str, Any]
) -> tuple[ObservePlan, list[str]]:
    """Return the plan of a stand-alone observation, and notices for the user; raise InputError."""
    given = {name: value for name, value in flags.items() if value not in (None, (), False)}
    path = Path(env_file) if env_file else env_file_for(profile, Path.cwd())
    settings = load_settings(profile, given, os.environ, path)
    urls = list(settings.metrics_url)
    if not urls and settings.base_url is not None:
        urls = [f"{settings.base_url.rstrip('/')}/metrics/prom"]
    if not urls:
        remedy = "missing: give --metrics-url, or METRICS_URL in the environment"
        raise InputError([Problem("METRICS_URL", None, remedy)])
    place = _place(settings)
    header = settings.metrics_auth
    plan = ObservePlan(
        metrics_urls=urls,
        interval_ns=settings.interval_ns,
        samples=settings.samples,
        out_dir=str(place.path.absolute()),
        run_id=place.run_id,
        profile=settings.metric_profile,
        auth_header="" if header is None else f"{header.name}: {header.value.reveal()}",
        probe_ns=0,
        scrape_timeout_ns=min(5 * NS_PER_S, settings.interval_ns // 2),
        count_cache_miss=settings.count_cache_miss,
        ca_pem=settings.ca_pem.decode("ascii"),
        verify_tls=not settings.insecure,
        secrets=[secret.reveal() for secret in settings.secrets],
        slo=settings.slo.to_mapping(),
        label_limit=label_limit,
        redis_url=_redis_url(settings),
    )
    return plan, list(settings.notices)


def _redis_url(settings: Settings) -> str:
    """Return the address of the Redis to watch, empty for none; raise InputError."""
    url = settings.watched_redis
    if url is None:
        if settings.watch_redis:
            remedy = "there is no address: set REDIS_URL, or give --redis-url"
            raise InputError([Problem("--watch-redis", None, remedy)])
        return ""
    try:
        return read_redis_url(url.reveal()).reveal()
    except ValueError as error:
        raise InputError([Problem("REDIS_URL", str(url), str(error))]) from error


def _place(settings: Settings) -> RunDirectory:
    """Return where the files go: the directory that was named, else a new one below results/."""
    if settings.out_dir != str(RESULTS):
        return RunDirectory(Path(settings.out_dir))
    return RunDirectory.create(RESULTS, settings.profile, utc_now())


def once_plan(options: Mapping[str, Any]) -> ObservePlan:
    """Return the plan of `once`; raise InputError when the header cannot be read."""
    descriptor, authorities = options["auth_header_fd"], options["cacert"]
    return ObservePlan(
        metrics_urls=list(options["metrics_url"]),
        interval_ns=NS_PER_S,
        samples=1,
        out_dir="",
        run_id="",
        profile=options["profile"],
        auth_header="" if descriptor is None else read_handed(descriptor, "--auth-header-fd"),
        scrape_timeout_ns=round(options["timeout"] * NS_PER_S),
        count_cache_miss=options["count_cache_miss"],
        ca_pem="" if authorities is None else authorities.read(),
        verify_tls=not options["insecure"],
        label_limit=options["label_limit"],
    )


def export(promql: str, last: str, step: str, options: Mapping[str, Any]) -> str:
    """Return the CSV of a query over the `last` so long, every `step`; raise InputError, or ObserverError."""
    spans = {}
    for name, text in (("--last", last), ("--step", step)):
        try:
            spans[name] = parse_duration_ns(text) / NS_PER_S
        except ValueError as error:
            raise InputError([Problem(name, text, str(error))]) from error
        if not spans[name]:
            raise InputError([Problem(name, text, "must be greater than 0")])
    descriptor, authorities = options["auth_header_fd"], options["cacert"]
    header = "" if descriptor is None else read_handed(descriptor, "--auth-header-fd")
    access = Access(
        parse_urls(list(options["metrics_url"])),
        parse_header(header),
        "" if authorities is None else authorities.read(),
        not options["insecure"],
    )
    if len(access.urls) > 1:
        raise InputError([Problem("--metrics-url", None, "give one Prometheus server")])
    now_s = utc_now().timestamp()
    span = (now_s - spans["--last"], now_s, spans["--step"])
    try:
        return asyncio.run(query_range(access, promql, span, round(options["timeout"] * NS_PER_S)))
    except ScrapeError as error:
        raise ObserverError(str(error), error.hint) from error


def read_handed(descriptor: int, name: str) -> str:
    """Return the text that was handed over by a descriptor, which option `name` gives; raise InputError."""
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MAX_HEADER_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(name, str(descriptor), f"cannot be read: {error}")]) from error


def tell(found: Mapping[str, Any], *, as_json: bool) -> str:
    """Return what `once` found, as JSON or as lines for people."""
    if as_json:
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
    if found["error"]:
        return f"not usable: {found['error']}\n  {found['hint']}".rstrip()
    lines = [f"usable ({found['mode']})"]
    lines += [f"  {name:<26}{source or 'missing'}" for name, source in found["metrics"].items()]
    lines += [f"  note: {note}" for note in found["notes"]]
    lines += [f"  note: {Crowd(**crowd)}" for crowd in found["crowded_labels"]]
    lines += [f"  {item['name']}{item['labels']} {item['value']:g}" for item in found["series"]]
    return "\n".join(lines)


def tell_profile(profile: Profile, *, as_json: bool) -> str:
    """Return a profile as JSON, selectors as PromQL texts, or as lines for people."""
    metrics = {
        logical: [
            {
                "name": source.name,
                "parts": {part: [str(selector) for selector in chosen] for part, chosen in source.parts.items()},
                **{key: value for key, value in asdict(source).items() if key not in ("name", "parts")},
            }
            for source in sources
        ]
        for logical, sources in profile.metrics.items()
    }
    if as_json:
        document = {
            "name": profile.name,
            "title": profile.title,
            "mandatory": profile.mandatory,
            "not_applicable": profile.not_applicable,
            "metrics": metrics,
            "signals": {name: str(selector) for name, selector in profile.signals.items()},
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    lines = [f"{profile.name}: {profile.title}", f"mandatory: {', '.join(profile.mandatory) or 'none'}"]
    for logical, sources in profile.metrics.items():
        lines.append(f"  {logical:<26}{', then '.join(source.name for source in sources)}")
    lines += [f"  {name:<26}{selector} (alert rules only)" for name, selector in profile.signals.items()]
    lines.append(f"not applicable: {', '.join(profile.not_applicable) or 'none'}")
    return "\n".join(lines)
