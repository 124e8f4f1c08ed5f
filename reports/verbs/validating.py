"""From a source named on the command line to a validation: what it is, how it is read, by which thresholds."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.clock import utc_now
from loadgen.core.config import env_file_for, read_settings
from loadgen.core.errors import ExitCode, InputError, Problem
from loadgen.core.rundir import RunDirectory
from loadgen.core.secret_shapes import mask_address
from reports.analysis.evidence import Obstacle, evidence_of_exposition, evidence_of_run
from reports.analysis.rejudge import obstacles_of, rejudge, with_targets
from reports.analysis.targets import targets_of
from reports.analysis.validation import exit_code, validate
from reports.loader.directory import load
from reports.loader.scrape import Request, scrape
from reports.loader.thresholds import load_thresholds
from reports.loader.validation import load_validation
from reports.model.validation import Configuration, NaPolicy, Validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.config import Settings
    from loadgen.core.slo import SloTargets
    from reports.analysis.evidence import Evidence
    from reports.model.thresholds import Thresholds

_MOST_HEADER_BYTES = 64 * 1024
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of the verb, as the command line gave them."""

    thresholds: Path | None = None
    na_policy: str = NaPolicy.STRICT
    environment: str | None = None
    ci: bool = False
    annotations: bool = False
    as_json: bool = False
    output: Path | None = None
    markdown: Path | None = None
    metrics_auth_header: str | None = None
    metrics_auth_fd: int | None = None
    client_latency: str = ""
    metric_profile: str | None = None
    count_cache_miss: bool = False
    cacert: str | None = None
    insecure: bool = False
    append_to: Path | None = None
    run_id: str = ""
    quiet: bool = False
    timeout: float = 10.0
    profile: str | None = None
    env_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A validation, its exit code, and where it is written: its JSON to `places`, its markdown to `markdown`."""

    validation: Validation
    code: ExitCode
    places: tuple[Path, ...] = ()
    markdown: Path | None = None


def judge(source: tuple[str, ...], wish: Wish, environ: Mapping[str, str]) -> Judged:
    """Read a source and judge it; raise LoadgenError when it, the thresholds or a setting cannot be used."""
    settings, problems = _settings(source, wish, environ)
    thresholds = load_thresholds(wish.thresholds)
    factor = _factor(thresholds, wish.environment)
    configuration = Configuration(
        count_cache_miss_as_fallback=settings.count_cache_miss,
        thresholds_file=thresholds.source,
        na_policy=NaPolicy(wish.na_policy),
        environment=wish.environment or "",
        multiplier=factor,
    )
    asked = _Asked(thresholds, factor, configuration, own=wish.thresholds is not None)
    out_json, out_md = (_path(settings, name) for name in ("OUT_JSON", "OUT_MD"))
    if not source or source[0].startswith(_SCHEMES):
        if problems:
            raise InputError(problems)
        judged = _exposition(settings, wish, asked, environ)
    else:
        judged = _file(source, wish, asked, environ)
    places = (*judged.places, *((out_json,) if out_json is not None else ()))
    return replace(judged, places=places, markdown=out_md)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The thresholds as loaded, the environment's multiplier, and whether the user named a file of their own."""

    thresholds: Thresholds
    factor: float
    configuration: Configuration
    own: bool

    def judge(self, evidence: Evidence, targets: SloTargets) -> Judged:
        """Judge by the thresholds, with targets put in unless the user's own file says what holds."""
        chosen = self.thresholds if self.own else with_targets(self.thresholds, targets)
        configuration = replace(
            self.configuration, count_cache_miss_as_fallback=evidence.count_cache_miss, source=evidence.source
        )
        found = validate(evidence, chosen.times(self.factor), configuration)
        return Judged(found, exit_code(found, evidence.obstacles))


def _settings(source: tuple[str, ...], wish: Wish, environ: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    urls = source if source and source[0].startswith(_SCHEMES) else ()
    flags: dict[str, object] = {
        "metrics_url": urls,
        "metrics_auth_header": _header(wish),
        "metric_profile": wish.metric_profile,
        "count_cache_miss": wish.count_cache_miss,
        "cacert": wish.cacert,
        "insecure": wish.insecure,
    }
    given = {name: value for name, value in flags.items() if value not in (None, (), False)}
    env_file = wish.env_file or env_file_for(wish.profile, Path.cwd())
    return read_settings(wish.profile, given, environ, env_file)


def _header(wish: Wish) -> str | None:
    """Return the header of the command line, or of the descriptor that whoever started us handed down."""
    if wish.metrics_auth_fd is None:
        return wish.metrics_auth_header
    with os.fdopen(wish.metrics_auth_fd, "rb") as file:
        return file.read(_MOST_HEADER_BYTES).decode()


def _factor(thresholds: Thresholds, environment: str | None) -> float:
    if environment is None:
        return 1.0
    if environment in thresholds.multipliers:
        return thresholds.multipliers[environment]
    known = ", ".join(thresholds.multipliers) or "none"
    remedy = f"the thresholds file has no multiplier for it; it has {known}"
    raise InputError([Problem("--environment", environment, remedy)])


def _path(settings: Settings, name: str) -> Path | None:
    value = settings.variables.get(name)
    return Path(value) if isinstance(value, str) and value else None


def _exposition(settings: Settings, wish: Wish, asked: _Asked, environ: Mapping[str, str]) -> Judged:
    urls = settings.metrics_url
    if not urls and settings.base_url is not None:
        urls = (f"{settings.base_url.rstrip('/')}/metrics/prom",)
    if not urls:
        remedy = "name a run directory, a metrics URL or a validation JSON, or set METRICS_URL or API_BASE"
        raise InputError([Problem("SOURCE", None, remedy)])
    auth = settings.metrics_auth
    request = Request(
        urls,
        header="" if auth is None else f"{auth.name}: {auth.value.reveal()}",
        metric_profile=settings.metric_profile,
        count_cache_miss=settings.count_cache_miss,
        timeout_s=wish.timeout,
        ca_pem=settings.ca_pem,
        insecure=settings.insecure,
    )
    found = scrape(request, environ)
    shown = [mask_address(url) for url in urls]
    evidence = evidence_of_exposition(found.window, shown, utc_now(), count_cache_miss=settings.count_cache_miss)
    obstacles = tuple(Obstacle("scrape", complaint) for complaint in found.complaints)
    evidence = replace(
        evidence, not_applicable=found.not_applicable, obstacles=obstacles, client=_client(wish.client_latency)
    )
    return asked.judge(evidence, settings.slo)


def _client(figures: str) -> Callable[[float], float | None]:
    """Return the response percentiles, in s, that whoever started us measured; none without any."""
    try:
        document = json.loads(figures or "{}")
        known = {float(name.removeprefix("p")): float(value) for name, value in document.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError([Problem("--client-latency", figures, "must be JSON such as {'p95': 0.05}")]) from error
    return known.get


def _file(source: tuple[str, ...], wish: Wish, asked: _Asked, environ: Mapping[str, str]) -> Judged:
    if len(source) > 1:
        remedy = "is one too many: name one run directory or one validation JSON, or several metrics URLs"
        raise InputError([Problem("SOURCE", source[1], remedy)])
    path = Path(source[0])
    if path.suffix == ".json" and not path.is_dir():
        return _earlier(path, asked)
    run = load(path)
    targets, _ = targets_of(run.targets, environ)
    judged = asked.judge(evidence_of_run(run, targets, utc_now()), targets)
    return replace(judged, places=(RunDirectory(path).validation,) if path.is_dir() else ())


def _earlier(path: Path, asked: _Asked) -> Judged:
    """Check an earlier validation, or judge its figures by a thresholds file that the user names."""
    loaded = load_validation(path)
    found = loaded.validation
    obstacles = (*(Obstacle(path.name, complaint) for complaint in loaded.complaints), *obstacles_of(found))
    if asked.own:
        configuration = replace(
            asked.configuration,
            count_cache_miss_as_fallback=found.configuration.count_cache_miss_as_fallback,
            source=found.configuration.source or path.name,
        )
        found = rejudge(found, asked.thresholds.times(asked.factor), configuration)
    return Judged(found, exit_code(found, obstacles))
