"""Settings from every source: defaults < plan file < env file < environment < flags.

Laws: all problems are found before any is reported, each with its key, its value (masked) and what to do; a secret is
a Secret from the moment it is read; nothing here looks at a clock, a network or the host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from loadgen.core.asked_endpoints import asked_endpoints
from loadgen.core.asked_feeders import asked_feeders
from loadgen.core.errors import InputError, Problem
from loadgen.core.plan_file import plan_layer
from loadgen.core.redact import Secret
from loadgen.core.secret_shapes import mask_address
from loadgen.core.setting_layers import Layer, env_file_layer, environment_layer, flag_layer
from loadgen.core.setting_readers import HeaderSetting, WebAddress
from loadgen.core.setting_reading import Reading
from loadgen.core.setting_table import Source, usual_name
from loadgen.core.slo import SloTargets
from loadgen.core.stage_setting import asked_stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction
    from pathlib import Path

    from loadgen.core.endpoint_setting import EndpointSetting
    from loadgen.core.feeder import Feeder
    from loadgen.core.listen_reader import Listen
    from loadgen.core.shape import Stage
    from loadgen.core.trace import Trace
    from loadgen.core.units import Rate

PROFILES = ("dev", "staging", "production")
_ENV_FILES = {"production": ".env.phase5", "staging": ".env.phase5.staging"}
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command was asked, read and checked value by value; combinations are judged in `loadgen.plan.validate`.

    `profile_given` is False where the profile is only the default. URLs have no userinfo: `basic` is the
    Authorization it stood for. None means that the plan decides. `variables` holds the recognised variables of other
    verbs and of the service, `sources` where each setting came from, `notices` what the user should know.
    """

    profile: str
    profile_given: bool
    environment: str
    base_url: str | None
    basic: Secret | None
    metrics_url: tuple[str, ...]
    metrics_auth: HeaderSetting | None
    allowed_hosts: tuple[str, ...]
    max_rate: Rate | None
    usual_rate: Rate
    resolve: tuple[tuple[str, str], ...]
    family: str
    proxy: WebAddress | None
    unix_socket: str
    server_name: str
    no_keepalive: bool
    requests_per_connection: int | None
    out_dir: str
    demo: bool
    jwt: Secret | None
    ca_pem: bytes
    cert_pem: bytes
    key_pem: Secret | None
    key_password: Secret | None
    insecure: bool
    token_command: Secret | None
    token_url: WebAddress | None
    token_method: str
    token_headers: tuple[HeaderSetting, ...]
    token_body: Secret | None
    token_body_file: Secret | None
    token_field: str
    token_expiry_field: str
    token_margin_ns: int
    token_lifetime_ns: int | None
    rate: Rate
    concurrency: int
    samples: int
    interval_ns: int
    duration_ns: int
    warmup_ns: int | None
    warmup_rate: Rate | None
    warmup_concurrency: int | None
    idle_ns: int | None
    timeout_ns: int
    workers: int | None
    late: str
    catch_up: int | None
    pacing: str
    seed: int
    traceparent: bool
    traceparent_sampled: float | None
    stages: tuple[Stage, ...]
    arrival: str
    shape: str | None
    requests: int | None
    closed: bool
    replay: Trace | None
    speed: Fraction
    think_time_ns: int
    start_at: tuple[Fraction, int | None] | None
    metric_profile: str
    watch_redis: bool
    redis_url: Secret | None
    count_cache_miss: bool
    breaker_error_rate: float
    breaker_effective_fallback: float
    breaker_server_errors: str
    breaker_count_misses: bool
    allow_blind: bool
    allow_unarmed: tuple[str, ...]
    no_breaker: bool
    exercise: bool
    allow_writes: bool
    allow_degraded: bool
    after_trip: str
    non_interactive: bool
    self_metrics: Listen | None
    metrics_textfile: str
    slo: SloTargets
    endpoints: tuple[EndpointSetting, ...]
    feeders: tuple[Feeder, ...]
    unread_feeders: frozenset[str]
    variables: Mapping[str, str | float | Secret] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)
    secrets: tuple[Secret, ...]
    notices: tuple[str, ...]
    scenario: str = ""
    url_passwords: tuple[Secret, ...] = field(default=(), repr=False)

    def given_for_this_run(self, name: str) -> bool:
        """Say whether a setting was asked of this very run: by a flag or its plan file."""
        return self.sources[name] in (Source.FLAG, Source.PLAN)

    @property
    def watched_redis(self) -> Secret | None:
        """The Redis to watch, None for none: REDIS_URL alone, which is the service's affair too, is no wish to."""
        found = self.redis_url or (self.variables.get("REDIS_URL") if self.watch_redis else None)
        return found if isinstance(found, Secret) else None

    def label(self, name: str) -> str:
        """Return how the user called a setting, or its usual name where it was not given."""
        return self.labels.get(name) or usual_name(name)


def env_file_for(profile: str | None, directory: Path) -> Path | None:
    """Return the env file that a profile reads by itself, if it is there; dev reads none."""
    name = _ENV_FILES.get(profile or "dev")
    path = None if name is None else directory / name
    return path if path is not None and path.is_file() else None


def load_settings(
    profile: str | None,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    env_file: Path | None = None,
    plan_file: Path | None = None,
    scenario: str | None = None,
) -> Settings:
    """Return the settings of a command; see `read_settings`.

    Raises InputError with all problems.
    """
    settings, problems = read_settings(profile, flags, environ, env_file, plan_file, scenario)
    if problems:
        raise InputError(problems)
    return settings


def read_settings(
    profile: str | None,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    env_file: Path | None = None,
    plan_file: Path | None = None,
    scenario: str | None = None,
) -> tuple[Settings, list[Problem]]:
    """Read every source and return settings with all problems; a bad value stands at its default.

    `scenario` names one of the plan file. `profile` None means that none was given: dev. `flags` maps flag names
    (`base_url`, `rate`, ...) to what the command line gave, unread. `env_file` and `plan_file` are read if given; which
    env file a profile has by itself says `env_file_for`.
    """
    layers: list[Layer] = []
    if plan_file is not None:
        layers.append(plan_layer(plan_file, scenario))
    problems = _profile_problems(profile, env_file)
    if scenario is not None and plan_file is None:
        problems.append(Problem("--scenario", scenario, "scenarios stand in a plan file: give --plan FILE"))
    if env_file is not None and not _profile_problems(profile, env_file):
        layers.append(env_file_layer(env_file))
    layers += [environment_layer(environ), flag_layer(flags)]
    problems += [problem for layer in layers for problem in layer.problems]
    reading = Reading(layers, problems)
    values = reading.rows()
    values["variables"] = MappingProxyType(reading.variables())
    values["endpoints"] = asked_endpoints(layers, problems)
    values["feeders"], values["unread_feeders"] = asked_feeders(layers, problems)
    values["stages"] = asked_stages(reading)
    values["sources"] = MappingProxyType(reading.sources)
    values["labels"] = MappingProxyType(reading.labels)
    values["notices"] = tuple(_proxy_notices(environ, proxied=values["proxy"] is not None))
    values.update(_addresses(values, reading), jwt=_token(values, reading))
    del values["jwt_file"]
    values["profile"] = profile if profile in PROFILES else "dev"
    values["profile_given"] = profile is not None
    values["environment"] = values["environment"] or values["profile"]
    values["slo"] = SloTargets(**{key: values.pop(f"slo.{key}") for key in SloTargets().to_mapping()})
    return Settings(**values, secrets=_secrets(values), scenario=scenario or ""), problems


def _profile_problems(profile: str | None, env_file: Path | None) -> list[Problem]:
    if profile is not None and profile not in PROFILES:
        return [Problem("--profile", profile, f"write one of {', '.join(PROFILES)}")]
    if env_file is None:
        return []
    return [
        Problem("--env-file", env_file.name, f"is read for --profile {owner} only; this run's profile is {used}")
        for owner, name in _ENV_FILES.items()
        if env_file.name == name and (used := profile or "dev") != owner
    ]


def _addresses(values: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Take the userinfo out of the base and metrics URLs and put it where it is sent from."""
    base: WebAddress | None = values["base_url"]
    if base is None or (reading.has_flag("url") and reading.sources["base_url"] is not Source.FLAG):
        # `loadgen run URL` goes to that URL, whatever base an environment has for baselines
        first = _origin_of_first(values["endpoints"])
        if first is not None and reading.has_flag("url"):
            reading.labels["base_url"] = "URL"
        base = first or base
    metrics: tuple[WebAddress, ...] = values["metrics_url"]
    auth: HeaderSetting | None = values["metrics_auth"]
    with_userinfo = [address for address in metrics if address.basic is not None]
    if with_userinfo and (auth is not None or len(metrics) > 1):
        remedy = "remove user and password from the URL and give one METRICS_AUTH_HEADER for all"
        reading.problem("metrics_url", mask_address(with_userinfo[0].url), remedy)
    elif with_userinfo and with_userinfo[0].basic is not None:
        auth = HeaderSetting("Authorization", with_userinfo[0].basic)
    return {
        "base_url": None if base is None else base.url,
        "basic": None if base is None else base.basic,
        "metrics_url": tuple(address.url for address in metrics),
        "metrics_auth": auth,
        "url_passwords": tuple(item.password for item in (base, *metrics) if item and item.password),
    }


def _origin_of_first(endpoints: tuple[EndpointSetting, ...]) -> WebAddress | None:
    """Return the origin of the first endpoint where it is a whole URL: what `loadgen run URL` takes as its base."""
    if not endpoints or not endpoints[0].place.startswith("http"):
        return None
    scheme, netloc, *_ = urlsplit(endpoints[0].place)
    return WebAddress(f"{scheme}://{netloc}")


def _token(values: Mapping[str, Any], reading: Reading) -> Secret | None:
    """Return the bearer token: --jwt or --jwt-file before PROD_JWT."""
    by_value: Secret | None = values["jwt"]
    by_file: Secret | None = values["jwt_file"]
    if reading.sources["jwt"] is Source.FLAG and reading.sources["jwt_file"] is Source.FLAG:
        reading.problem("jwt_file", None, "give either --jwt or --jwt-file")
    return by_file or by_value


def _secrets(values: Mapping[str, Any]) -> tuple[Secret, ...]:
    """Return every secret of the settings, and the parts of them that could appear alone."""
    alone = ("jwt", "basic", "key_pem", "key_password", "token_command", "token_body", "token_body_file", "redis_url")
    found: list[Secret] = [values[name] for name in alone if values[name]]
    found += [header.value for header in values["token_headers"]]
    for address in (values["proxy"], values["token_url"]):
        found += [item for item in (address and address.basic, address and address.password) if item]
    found += values["url_passwords"]
    if values["metrics_auth"] is not None:
        found.append(values["metrics_auth"].value)
    found += [item for item in values["variables"].values() if isinstance(item, Secret)]
    found += [value for endpoint in values["endpoints"] for _, value in endpoint.headers if isinstance(value, Secret)]
    parts = [part for secret in found for part in _parts(secret)]
    return tuple(dict.fromkeys((*found, *parts)))


def _parts(secret: Secret) -> Iterator[Secret]:
    """Yield what of a secret may turn up without the rest: a token after its scheme, a URL's password."""
    scheme, _, credential = secret.reveal().partition(" ")
    if credential and scheme.lower() in ("bearer", "basic", "token"):
        yield Secret(credential.strip())
    match = re.match(r"[a-z][a-z0-9+.-]*://[^:/@\s]*:([^@\s]+)@", secret.reveal(), re.IGNORECASE)
    if match:
        yield Secret(unquote(match[1]))


def _proxy_notices(environ: Mapping[str, str], *, proxied: bool) -> list[str]:
    found = [name for name in _PROXY_VARIABLES if environ.get(name) or environ.get(name.lower())]
    way = "through --proxy" if proxied else "to the target directly"
    return [f"{name} is set and ignored: load goes {way}" for name in found]
