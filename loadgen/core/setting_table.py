"""The table of settings: every name a setting has in each source, how it is read, and what it is by default.

Laws: a name belongs to one setting; where one source gives two names of a setting, the earlier in the row wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Any

from loadgen.core.connection_readers import read_command, read_proxy, read_server_name, read_socket_path
from loadgen.core.listen_reader import read_listen, read_textfile
from loadgen.core.redis_address import read_redis_url
from loadgen.core.setting_readers import (
    read_bool,
    read_choice,
    read_count,
    read_duration,
    read_file,
    read_header,
    read_host,
    read_jwt,
    read_number,
    read_rate,
    read_resolve,
    read_secret,
    read_secret_file,
    read_share,
    read_speed,
    read_start,
    read_text,
    read_url,
)
from loadgen.core.shape import SHAPES
from loadgen.core.slo import OBJECTIVES, SloTargets, parse_target
from loadgen.core.trace import read_trace
from loadgen.core.units import NS_PER_S, Rate

Read = Callable[[str], Any]

BREAKER_INPUTS = ("client", "error_rate", "effective_fallback", "blind")


class Source(Enum):
    """Where a value came from, weakest first."""

    DEFAULT = "default"
    PLAN = "plan file"
    ENV_FILE = "env file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a setting: a key of plan files, a variable, or a flag (its parameter name)."""

    text: str
    read: Read


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: `field` of Settings, its names by source, its default.

    `secret` values are never shown. `many` settings have a list of values: repeated flags, a list in a plan file,
    words separated by commas or spaces in a variable.
    """

    field: str
    default: Any
    variables: tuple[Name, ...] = ()
    plan: tuple[Name, ...] = ()
    flags: tuple[Name, ...] = ()
    secret: bool = False
    many: bool = False

    def names(self, source: Source) -> tuple[Name, ...]:
        """Return this setting's names in a source, strongest first."""
        if source is Source.PLAN:
            return self.plan
        return self.flags if source is Source.FLAG else self.variables


def _row(field: str, default: Any, read: Read, names: str, *, secret: bool = False, many: bool = False) -> Row:
    """Build a row whose names are all read alike: VARIABLES, plan.keys and --flags, separated by spaces."""
    words = names.split()
    return Row(
        field,
        default,
        variables=tuple(Name(word, read) for word in words if word.isupper()),
        plan=tuple(Name(word, read) for word in words if not word.isupper() and not word.startswith("--")),
        flags=tuple(Name(word[2:].replace("-", "_"), read) for word in words if word.startswith("--")),
        secret=secret,
        many=many,
    )


def _durations(field: str, default_ns: int | None, variables: str, plan: str, lowest_ns: int = 1) -> Row:
    """Build a duration's row: its variables and its `<field>_seconds` flag take bare seconds, the rest a unit."""
    with_unit = read_duration(lowest_ns=lowest_ns)
    bare = read_duration(bare_seconds=True, lowest_ns=lowest_ns)
    flag = field.removesuffix("_ns")
    return Row(
        field,
        default_ns,
        tuple(Name(text, bare) for text in variables.split()),
        (Name(plan, with_unit),) if plan else (),
        (Name(flag, with_unit), Name(f"{flag}_seconds", bare)),
    )


_LIST_INPUTS = read_choice(*BREAKER_INPUTS)
_CONNECTIONS = read_count(1, 100_000)
_SAMPLES = read_count(1, 1_000_000)

_WHERE = (
    _row("environment", None, read_text, "environment --environment"),
    _row("base_url", None, read_url, "LOAD_BASE_URL API_BASE base_url --base-url"),
    _row("metrics_url", (), read_url, "METRICS_URL metrics_url --metrics-url", many=True),
    _row("allowed_hosts", (), read_host, "ALLOWED_HOSTS", many=True),
    _row("max_rate", None, read_rate, "MAX_RATE"),
    _row("resolve", (), read_resolve, "resolve --resolve", many=True),
    _row("family", "any", read_choice("any", "ipv4", "ipv6"), "family --family"),
    _row("proxy", None, read_proxy, "proxy --proxy"),
    _row("unix_socket", "", read_socket_path, "unix_socket --unix-socket"),
    _row("server_name", "", read_server_name, "sni --sni"),
    _row("no_keepalive", False, read_bool, "no_keepalive --no-keepalive"),
    _row(
        "requests_per_connection",
        None,
        read_count(1, 10**9),
        "max_requests_per_connection --max-requests-per-connection",
    ),
    _row("out_dir", "results", read_text, "OUT_DIR --out"),
    _row("demo", False, read_bool, "--demo"),
)
_CREDENTIALS = (
    _row("jwt", None, read_jwt, "PROD_JWT --jwt", secret=True),
    _row("jwt_file", None, lambda text: read_jwt(read_secret_file(text).reveal()), "--jwt-file"),
    _row("metrics_auth", None, read_header, "METRICS_AUTH_HEADER EXTRA_CURL_HEADER --metrics-auth-header", secret=True),
    _row("ca_pem", b"", read_file, "cacert --cacert"),
    _row("cert_pem", b"", read_file, "cert --cert"),
    _row("key_pem", None, read_secret_file, "key --key"),
    _row("key_password", None, read_secret_file, "key_password_file --key-password-file"),
    _row("insecure", False, read_bool, "--insecure"),
)
_TOKEN = (
    _row("token_command", None, read_command, "token.command --token-command", secret=True),
    _row("token_url", None, read_url, "token.url"),
    _row("token_method", "POST", read_choice("get", "post"), "token.method"),
    _row("token_headers", (), read_header, "token.headers", secret=True, many=True),
    _row("token_body", None, read_secret, "token.body", secret=True),
    _row("token_body_file", None, read_secret_file, "token.body_file"),
    _row("token_field", "access_token", read_text, "token.field"),
    _row("token_expiry_field", "expires_in", read_text, "token.expiry_field"),
    _row("token_margin_ns", 60 * NS_PER_S, read_duration(lowest_ns=0), "token.margin"),
    _row("token_lifetime_ns", None, read_duration(lowest_ns=NS_PER_S), "token.lifetime"),
)
_LOAD = (
    _row("rate", Rate(80, NS_PER_S), read_rate, "LOAD_RATE rate --rate"),
    _row("concurrency", 20, _CONNECTIONS, "LOAD_CONCURRENCY concurrency --concurrency"),
    _row("samples", 12, _SAMPLES, "LOAD_SAMPLES MAX_SAMPLES samples --samples"),
    _durations("interval_ns", 600 * NS_PER_S, "INTERVAL_SECONDS", "interval", NS_PER_S),
    _durations("duration_ns", 120 * NS_PER_S, "LOAD_DURATION", "duration"),
    _durations("warmup_ns", None, "", "warmup.duration", 0),
    _row("warmup_rate", None, read_rate, "warmup.rate --warmup-rate"),
    _row("warmup_concurrency", None, _CONNECTIONS, "warmup.concurrency --warmup-concurrency"),
    _durations("idle_ns", None, "", "idle", 0),
    _durations("timeout_ns", 5 * NS_PER_S, "", "timeout"),
    _row("workers", None, read_count(1, 1_024), "workers --workers"),
    _row("late", "queue", read_choice("queue", "drop"), "late --late"),
    _row("catch_up", None, read_count(0, 1_000), "catch_up --catch-up"),
    _row("pacing", "balanced", read_choice("precise", "balanced"), "pacing --pacing"),
    _row("seed", 1, read_count(0, 2**53), "seed --seed"),
    _row("traceparent", False, read_bool, "traceparent --traceparent"),
    _row("traceparent_sampled", None, read_share, "traceparent_sampled --traceparent-sampled"),
)
_SCHEDULE = (
    _row("arrival", "constant", read_choice("constant", "poisson"), "arrival --arrival"),
    _row("shape", None, read_choice(*SHAPES), "shape --shape"),
    _row("requests", None, read_count(1, 10**12), "requests --requests"),
    _row("closed", False, read_bool, "closed --closed"),
    _durations("think_time_ns", 0, "", "think_time", 0),
    _row("replay", None, read_trace, "replay --replay"),
    _row("speed", Fraction(1), read_speed, "speed --speed"),
    _row("start_at", None, read_start, "start_at --start-at"),
)
_WATCH = (
    _row("metric_profile", "metasheet", read_text, "metric_profile --metric-profile --profile-file"),
    _row("watch_redis", False, read_bool, "watch_redis --watch-redis"),
    _row("redis_url", None, read_redis_url, "--redis-url", secret=True),
    _row("count_cache_miss", False, read_bool, "COUNT_CACHE_MISS_AS_FALLBACK --count-cache-miss"),
    _row("breaker_error_rate", 0.02, read_share, "breaker.error_rate --breaker-error-rate"),
    _row("breaker_effective_fallback", 0.08, read_share, "breaker.effective_fallback --breaker-effective-fallback"),
    _row(
        "breaker_server_errors",
        "4xx+5xx",
        read_choice("4xx+5xx", "5xx"),
        "breaker.server_errors --breaker-server-errors",
    ),
    _row("breaker_count_misses", False, read_bool, "breaker.count_misses --breaker-count-misses"),
    _row("allow_blind", False, read_bool, "breaker.allow_blind --allow-blind"),
    _row("allow_unarmed", (), _LIST_INPUTS, "breaker.allow_unarmed --allow-unarmed", many=True),
    _row("no_breaker", False, read_bool, "--no-breaker"),
)
_LEAVE = (
    _row("exercise", False, read_bool, "--exercise"),
    _row("allow_writes", False, read_bool, "--allow-writes"),
    _row("allow_degraded", False, read_bool, "--allow-degraded"),
    _row("after_trip", "", read_text, "--after-trip"),
    _row("non_interactive", False, read_bool, "NON_INTERACTIVE --non-interactive"),
    _row("self_metrics", None, read_listen, "SELF_METRICS self_metrics --self-metrics"),
    _row("metrics_textfile", "", read_textfile, "METRICS_TEXTFILE metrics_textfile --metrics-textfile"),
)
_DEFAULT_SLO = SloTargets().to_mapping()
_SLO = tuple(
    Row(
        f"slo.{objective.name}",
        _DEFAULT_SLO[objective.name],
        (
            Name(objective.override, partial(parse_target, objective.unit)),
            *((Name(objective.target, partial(parse_target, objective.unit, factor=objective.target_factor)),)
              if objective.target else ()),
        ),
        (Name(f"slo.{objective.name}", partial(parse_target, objective.unit)),),
    )
    for objective in OBJECTIVES
)  # fmt: skip

ROWS = (*_WHERE, *_CREDENTIALS, *_TOKEN, *_LOAD, *_SCHEDULE, *_WATCH, *_LEAVE, *_SLO)
"""Every setting of a run."""


def usual_name(field: str) -> str:
    """Return the name a setting is best known by: its first variable, else its flag, else its plan key."""
    row = next(row for row in ROWS if row.field == field)
    if row.variables:
        return row.variables[0].text
    return "--" + row.flags[0].text.replace("_", "-") if row.flags else row.plan[0].text


_NUMBERS = (
    "LATENCY_INCREASE_PCT", "RATE_DROP_PCT", "MEMORY_INCREASE_PCT", "REDIS_GET_P95_MAX", "REDIS_SET_P95_MAX",
    "REDIS_GET_P99_MAX", "REDIS_SET_P99_MAX", "MULTIPLIER_LATENCY", "FLOOR_SUCCESS_RATE", "FLOOR_CACHE_HIT_RATE",
    "REDIS_SAMPLES", "SNAP_CREATE_COUNT", "SNAP_RESTORE_COUNT", "SNAP_SLEEP_SECS", "RELOAD_COUNT",
    "REDIS_ARTIFICIAL_DELAY_MS",
)  # fmt: skip
_TEXTS = (
    "OUT_JSON", "OUT_MD", "PLUGIN_NAME", "CACHE_IMPL", "FEATURE_CACHE", "SLACK_CHANNEL", "ENABLE_ALERTS",
    "ENABLE_DEBUG_CMD", "ALERT_CHANNEL_ID", "ALERTMANAGER_URL", "PUSHGATEWAY_URL", "ARCHIVE_READONLY",
    "ENABLE_PHASE5_INTERNAL", "ENABLE_FALLBACK_TEST", "ALLOW_UNSAFE_ADMIN", "DISABLE_EVENT_BUS", "GRAFANA_URL",
)  # fmt: skip
_SECRETS = (
    "SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL", "REDIS_URL", "JWT_SECRET", "INTERNAL_API_TOKEN", "METRICS_SCRAPE_TOKEN",
    "GRAFANA_TOKEN",
)  # fmt: skip

VARIABLES: dict[str, Read] = {
    **dict.fromkeys(_NUMBERS, read_number),
    **dict.fromkeys(_TEXTS, read_text),
    **dict.fromkeys(_SECRETS, read_secret),
}
"""Variables that an env file may also have: read by the verbs they belong to through `Settings.variables`."""

SECRET_VARIABLES = frozenset(_SECRETS) | {name.text for row in ROWS if row.secret for name in row.variables}
"""Variables whose values are credentials."""
