"""From the options of a drill to what is asked: where it may be held, and with how much load.

Laws: production is refused whatever else was given; a service that is not on this machine needs a profile, as for any
load; all problems are told together and nothing has been sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.errors import InputError, Problem
from loadgen.core.prom_api import read_access
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S
from loadgen.drill.conduct import Lengths
from loadgen.drill.look import Source
from loadgen.drill.session import Asked
from loadgen.drill.stage import DEMO_URL, Place
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.config import Settings
    from loadgen.core.prom_api import Access
    from loadgen.drill.incident import Incident
    from loadgen.drill.wishes import Wishes
    from loadgen.plan.model import Plan

_SOMEWHERE = "http://127.0.0.1:1"
"""Stands in for the address of a demo service that is not started yet."""

_OTHER_S = 600
"""Looks, start and undoing take at most so long beside the lengths that were asked for."""


def asked_of(
    incident: Incident, wish: Wishes, given: Mapping[str, Any], environ: Mapping[str, str], directory: Path
) -> Asked:
    """Return the drill that was asked for; raise InputError with every problem."""
    rate_per_s = wish.rate("--rate", given["rate"])
    lengths = Lengths(
        wish.duration("--before", given["before"], "1s", "10m"),
        wish.duration("--within", given["within"], "1s", "1h"),
        wish.duration("--alert-within", given["alert_within"], "1s", "1h"),
    )
    _check_alert(incident, wish, given)
    prometheus = _prometheus(wish, given["prom_url"], environ.get("PROM_AUTH_HEADER", ""))
    _check_demo(wish, given)
    place = _place(wish, given, environ, directory)
    if not wish.problems:
        wish.problems += incident.misfits()
    wish.refuse()
    assert place is not None
    settings, plan = place
    watched_ns = 2 * lengths.before_ns + lengths.within_ns + 2 * lengths.alert_ns
    seconds = (watched_ns + 2 * incident.nature.length_ns) / NS_PER_S + _OTHER_S
    return Asked(
        incident=incident,
        place=_held_at(settings, plan, given, environ, rate_per_s, seconds),
        lengths=lengths,
        prometheus=prometheus,
        alert=given["alert"],
    )


def _check_alert(incident: Incident, wish: Wishes, given: Mapping[str, Any]) -> None:
    if given["prom_url"] is None:
        wish.only_with({"--alert": given["alert"]}, "--prom-url")
    elif not (given["alert"] or incident.nature.alert):
        wish.add(
            "--alert", None, f"missing: {incident.nature.name} has no usual alert, so name the one that should fire"
        )
    if given["prom_url"] is not None and given["demo"]:
        wish.add(
            "--prom-url", given["prom_url"], "goes without --demo: no Prometheus scrapes a service of the drill's own"
        )


def _prometheus(wish: Wishes, url: str | None, header: str) -> Access | None:
    try:
        return None if url is None else read_access(url, header)
    except InputError as error:
        wish.problems += error.problems
        return None


def _check_demo(wish: Wishes, given: Mapping[str, Any]) -> None:
    if given["demo"]:
        names = {"--base-url": given["base_url"], "--metrics-url": given["metrics_url"], "--profile": given["profile"]}
        wish.not_with({**names, "--metric-profile": given.get("metric_profile")}, "--demo")
        wish.not_with({"--allow-target": given.get("allow_target") or None}, "--demo")
    if given["profile"] == "production":
        wish.add("--profile", "production", "refused: incidents are never brought about in production")


def _place(
    wish: Wishes, given: Mapping[str, Any], environ: Mapping[str, str], directory: Path
) -> tuple[Settings, Plan] | None:
    """Return the settings and the plan by the rules for any load; None where there are problems.

    Production, which is refused already, is read as dev, so that the other problems are found too.
    """
    flags = {name: given.get(name) for name in ("base_url", "metrics_url", "metric_profile")}
    if given["demo"]:
        flags = {"base_url": _SOMEWHERE}
    elif given["profile"] != "staging" and not (environ.get("LOAD_BASE_URL") or environ.get("API_BASE")):
        flags["base_url"] = flags["base_url"] or DEMO_URL
    flags["metrics_url"] = (flags["metrics_url"],) if flags.get("metrics_url") else None
    try:
        profile = "dev" if given["profile"] == "production" else given["profile"]
        return load_plan(Kind.BASELINE, profile, flags, Inputs(environ, directory))
    except InputError as error:
        wish.problems += [Problem(problem.key, problem.value, _fitting(problem.remedy)) for problem in error.problems]
        return None


def _fitting(remedy: str) -> str:
    """Return the remedy for any load as it is for a drill, which production refuses."""
    return remedy.replace(
        "dev, staging or production", "dev or staging; incidents are never brought about in production"
    )


def _held_at(
    settings: Settings,
    plan: Plan,
    given: Mapping[str, Any],
    environ: Mapping[str, str],
    rate_per_s: float,
    seconds: float,
) -> Place:
    assert plan.observation is not None
    observed = plan.observation
    token = environ.get("INTERNAL_API_TOKEN")
    bearer = None if plan.jwt is None else Secret(f"Bearer {plan.jwt.reveal()}")
    return Place(
        base_url=plan.base_url,
        source=Source(observed.metrics_urls, observed.metric_profile, observed.auth_header),
        rate_per_s=rate_per_s,
        most=int(rate_per_s * seconds),
        start_demo=given["demo"],
        allow_target=bool(given.get("allow_target")),
        authorization=bearer or settings.basic,
        internal_token=Secret(token) if token else None,
        environ=environ,
    )
