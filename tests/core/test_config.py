"""Settings come from every source in one order, and everything that is wrong is said in one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import Settings, env_file_for, load_settings, read_settings
from loadgen.core.errors import InputError
from loadgen.core.redact import Secret
from loadgen.core.setting_table import ROWS, Source
from loadgen.core.slo import SloTargets
from loadgen.core.units import NS_PER_S, parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"


def settings_of(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, profile: str | None = None
) -> Settings:
    return load_settings(profile, flags or {}, environ or {})


def problems_of(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, **files: Path
) -> list[str]:
    _, problems = read_settings(None, flags or {}, environ or {}, files.get("env_file"), files.get("plan_file"))
    return [str(problem) for problem in problems]


def test_without_any_source_the_defaults_are_those_of_the_checklist() -> None:
    settings = settings_of()
    assert (settings.profile, settings.profile_given, settings.environment) == ("dev", False, "dev")
    assert (settings.rate, settings.concurrency, settings.samples) == (parse_rate("80"), 20, 12)
    assert (settings.interval_ns, settings.duration_ns) == (600 * NS_PER_S, 120 * NS_PER_S)
    assert settings.timeout_ns == 5 * NS_PER_S
    assert (settings.breaker_error_rate, settings.breaker_effective_fallback) == (0.02, 0.08)
    assert settings.slo == SloTargets()
    assert settings.base_url is None
    assert settings.jwt is None
    assert settings.secrets == ()


def test_each_source_is_stronger_than_the_one_before(tmp_path: Path) -> None:
    plan, env_file = tmp_path / "plan.toml", tmp_path / "my.env"
    plan.write_text("rate = 1\nconcurrency = 1\nsamples = 1\ninterval = '1s'\n")
    env_file.write_text("LOAD_CONCURRENCY=2\nLOAD_SAMPLES=2\nINTERVAL_SECONDS=2\n")
    environ = {"LOAD_SAMPLES": "3", "INTERVAL_SECONDS": "3"}
    settings = load_settings(None, {"interval": "4s"}, environ, env_file, plan)
    assert settings.rate == parse_rate("1")
    assert settings.concurrency == 2
    assert settings.samples == 3
    assert settings.interval_ns == 4 * NS_PER_S
    assert [settings.sources[name] for name in ("rate", "concurrency", "samples", "interval_ns", "timeout_ns")] == [
        Source.PLAN, Source.ENV_FILE, Source.ENVIRONMENT, Source.FLAG, Source.DEFAULT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "text", "field", "expected"),
    [
        ("LOAD_BASE_URL", "https://h.example/api", "base_url", "https://h.example/api"),
        ("API_BASE", "http://127.0.0.1:8901", "base_url", "http://127.0.0.1:8901"),
        ("METRICS_URL", "http://a/m, http://b/m", "metrics_url", ("http://a/m", "http://b/m")),
        ("ALLOWED_HOSTS", "A.example, b.example:8443", "allowed_hosts", ("a.example", "b.example:8443")),
        ("MAX_RATE", "200", "max_rate", parse_rate("200")),
        ("LOAD_RATE", "1000/m", "rate", parse_rate("50/3s")),
        ("LOAD_CONCURRENCY", "7", "concurrency", 7),
        ("LOAD_SAMPLES", "3", "samples", 3),
        ("MAX_SAMPLES", "144", "samples", 144),
        ("INTERVAL_SECONDS", "15", "interval_ns", 15 * NS_PER_S),
        ("LOAD_DURATION", "90", "duration_ns", 90 * NS_PER_S),
        ("COUNT_CACHE_MISS_AS_FALLBACK", "true", "count_cache_miss", True),
        ("OUT_DIR", "elsewhere", "out_dir", "elsewhere"),
        ("NON_INTERACTIVE", "1", "non_interactive", True),
    ],
)
def test_a_variable_sets_its_setting(variable: str, text: str, field: str, expected: object) -> None:
    assert getattr(settings_of(environ={variable: text}), field) == expected


@pytest.mark.parametrize(
    ("variable", "text", "name", "expected"),
    [
        ("P95_LATENCY_TARGET", "200", "p95_s", 0.2),
        ("P99_LATENCY_TARGET", "400", "p99_s", 0.4),
        ("MEMORY_SLO_TARGET", "750", "rss_mb", 750.0),
        ("CACHE_HIT_RATE_TARGET", "70", "cache_hit_pct", 70.0),
        ("EFFECTIVE_FALLBACK_SLO_TARGET", "4", "effective_fallback_pct", 4.0),
        ("CACHE_MISS_AS_FALLBACK_THRESHOLD", "12", "raw_fallback_pct", 12.0),
        ("PLUGIN_RELOAD_SUCCESS_RATE_TARGET", "90", "plugin_reload_pct", 90.0),
        ("SNAPSHOT_SUCCESS_RATE_TARGET", "97", "snapshot_pct", 97.0),
        ("ERROR_RATE_THRESHOLD", "0.5", "error_pct", 0.5),
        ("SLO_SUCCESS", "99", "success_pct", 99.0),
        ("SLO_P95", "0.175", "p95_s", 0.175),
        ("SLO_P99", "0.3", "p99_s", 0.3),
        ("SLO_FALLBACK", "11", "raw_fallback_pct", 11.0),
        ("SLO_EFF_FALLBACK", "6", "effective_fallback_pct", 6.0),
        ("SLO_ERROR", "2", "error_pct", 2.0),
        ("SLO_CPU", "40", "cpu_pct", 40.0),
        ("SLO_MEM", "600", "rss_mb", 600.0),
        ("SLO_CACHE_HIT", "85", "cache_hit_pct", 85.0),
        ("SLO_PLUGIN_RELOAD", "96", "plugin_reload_pct", 96.0),
        ("SLO_SNAPSHOT", "98", "snapshot_pct", 98.0),
    ],
)
def test_an_objective_is_wired_to_its_variables(variable: str, text: str, name: str, expected: float) -> None:
    assert settings_of(environ={variable: text}).slo.to_mapping()[name] == pytest.approx(expected)


def test_slo_names_win_over_target_names() -> None:
    settings = settings_of(environ={"SLO_P95": "0.1", "P95_LATENCY_TARGET": "300", "P99_LATENCY_TARGET": "300"})
    assert settings.slo.p95_s == 0.1
    assert settings.slo.p99_s == pytest.approx(0.3)


def test_all_problems_stand_in_one_message_with_key_value_and_remedy() -> None:
    flags = {"rate": "0", "interval": "-3s", "concurrency": "0", "base_url": "ftp://h", "workers": "many"}
    environ = {"LOAD_SAMPLES": "0", "SLO_P95": "fast", "COUNT_CACHE_MISS_AS_FALLBACK": "perhaps"}
    with pytest.raises(InputError) as caught:
        settings_of(flags, environ)
    assert str(caught.value).splitlines() == [
        "8 problems; nothing was done:",
        "  - --base-url = 'ftp://h': not a URL: write it as https://host[:port][/path]",
        "  - --rate = '0': a rate must be greater than 0",
        "  - --concurrency = '0': write a whole number from 1 to 100,000",
        "  - LOAD_SAMPLES = '0': write a whole number from 1 to 1,000,000",
        "  - --interval = '-3s': a duration cannot be negative",
        "  - --workers = 'many': write a whole number from 1 to 1,024",
        "  - COUNT_CACHE_MISS_AS_FALLBACK = 'perhaps': write true or false",
        "  - SLO_P95 = 'fast': not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m; a bare number has no unit",
    ]


@pytest.mark.parametrize(
    ("flag", "text", "remedy"),
    [
        ("rate", "20000000", "a rate is at most 10,000,000/s"),
        ("rate", "fast", "not a rate: write it as 80, 0.5, 50/1s or 1000/m"),
        ("interval", "999ms", "must be at least 1s"),
        ("interval", "600", "not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m; a bare number has no unit"),
        ("timeout", "0s", "must be greater than 0"),
        ("duration", "0s", "must be greater than 0"),
        ("warmup", "-1s", "a duration cannot be negative"),
        ("breaker_error_rate", "0", "write a share between 0 and 1 such as 0.02, or 2%"),
        ("breaker_error_rate", "5", "write a share between 0 and 1 such as 0.02, or 2%"),
        ("late", "sometimes", "write one of queue, drop"),
        ("resolve", ("h:80",), "write it as host:port:address"),
        ("allow_unarmed", ("server",), "write one of client, error_rate, effective_fallback, blind"),
        ("base_url", "http://h:0/", "not a URL: port 0 cannot be connected to"),
        ("base_url", "http://h:99999/", "not a URL: its host or port cannot be read"),
        ("base_url", "http://h/ä", "a URL has no spaces and only ASCII: percent-encode the rest"),
        ("base_url", "http://h/#top", "a URL here has no #fragment: a fragment never reaches a server"),
        ("base_url", "h.example", "not a URL: write it as https://host[:port][/path]"),
        ("cacert", "/no/such/file", "cannot read the file: No such file or directory"),
    ],
)
def test_a_bad_value_says_what_is_accepted(flag: str, text: object, remedy: str) -> None:
    (problem,) = problems_of({flag: text})
    shown = text[0] if isinstance(text, tuple) else text
    assert problem == f"--{flag.replace('_', '-')} = {shown!r}: {remedy}"


def test_a_bad_value_that_a_stronger_source_replaces_is_no_problem() -> None:
    assert settings_of({"rate": "5"}, {"LOAD_RATE": "<rate>"}).rate == parse_rate("5")


def test_seconds_may_be_bare_only_where_the_name_says_seconds() -> None:
    assert settings_of({"interval_seconds": "15"}).interval_ns == 15 * NS_PER_S
    assert settings_of({"duration_seconds": "1.5"}).duration_ns == 1_500_000_000


@pytest.mark.parametrize("text", ["2%", "0.02", ".02", "2 %"])
def test_a_share_is_written_in_two_ways(text: str) -> None:
    assert settings_of({"breaker_error_rate": text}).breaker_error_rate == pytest.approx(0.02)


def test_placeholders_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    env_file = tmp_path / "my.env"
    env_file.write_text("PROD_JWT=<your-admin-jwt>\nMETRICS_URL=http://<prod-host>:9090\nREDIS_URL=<redis>\n")
    assert problems_of({"environment": "<label>"}, env_file=env_file) == [
        "--environment = '<label>': still a placeholder: put the real value in its place",
        "METRICS_URL (my.env) = 'http://<prod-host>:9090': still a placeholder: put the real value in its place",
        "PROD_JWT (my.env) = '***jwt>': still a placeholder: put the real value in its place",
        "REDIS_URL (my.env) = '***dis>': still a placeholder: put the real value in its place",
    ]


def test_unknown_keys_of_our_own_files_are_problems_with_a_guess(tmp_path: Path) -> None:
    env_file, plan = tmp_path / "my.env", tmp_path / "plan.toml"
    env_file.write_text("LOAD_RAT=80\nUNRELATED=1\n")
    plan.write_text("concurency = 3\nrate = 1979-05-27\n[breaker]\nerrorrate = 0.01\n[extra]\nx = 1\n[[targets]]\n")
    assert problems_of(env_file=env_file, plan_file=plan) == [
        "concurency (plan.toml): unknown key; did you mean concurrency?",
        "rate (plan.toml): write a text, a number, true, false or a list",
        "breaker.errorrate (plan.toml): unknown key; did you mean breaker.error_rate?",
        "extra.x (plan.toml): unknown key: remove it",
        "targets (plan.toml): unknown key; did you mean target?",
        "LOAD_RAT (my.env): unknown key; did you mean LOAD_RATE?",
        "UNRELATED (my.env): unknown key: remove it",
    ]


def test_unrelated_and_empty_variables_of_the_environment_say_nothing() -> None:
    assert problems_of(environ={"PATH": "/bin", "LOAD_RAT": "80", "LOAD_RATE": " ", "SNAP_SLEEP_SECS": "?"}) == []


def test_a_flag_that_no_setting_has_is_a_mistake_of_the_command() -> None:
    with pytest.raises(ValueError, match=r"^no setting has these flags: velocity$"):
        settings_of({"velocity": "80"})


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("rate = = 3")
    missing = tmp_path / "missing.env"
    found = problems_of(env_file=missing, plan_file=broken)
    assert found[0].startswith(f"{broken}: not a TOML file: ")
    assert found[1] == f"{missing}: cannot read the env file: No such file or directory"


def test_files_that_are_no_text_are_problems(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    found = problems_of({"key": str(binary)}, env_file=binary)
    assert found == [
        f"{binary}: the env file is not UTF-8 text",
        f"--key = '{binary}': the file is not text",
    ]
    (tmp_path / "empty").write_text(" \n")
    assert problems_of({"jwt_file": str(tmp_path / "empty")}) == [
        f"--jwt-file = '{tmp_path / 'empty'}': the file is empty"
    ]
    assert problems_of(plan_file=tmp_path / "none.toml") == [
        f"{tmp_path / 'none.toml'}: cannot read the plan file: No such file or directory"
    ]


def test_the_profile_is_one_of_three() -> None:
    _, problems = read_settings("prod", {}, {})
    assert [str(problem) for problem in problems] == [
        "--profile = 'prod': write one of dev, staging, production",
    ]


def test_each_profile_has_its_own_env_file(tmp_path: Path) -> None:
    assert env_file_for("production", tmp_path) is None
    for name in (".env.phase5", ".env.phase5.staging"):
        (tmp_path / name).write_text("LOAD_RATE=1\n")
    assert env_file_for("production", tmp_path) == tmp_path / ".env.phase5"
    assert env_file_for("staging", tmp_path) == tmp_path / ".env.phase5.staging"
    assert env_file_for("dev", tmp_path) is None
    assert env_file_for(None, tmp_path) is None


@pytest.mark.parametrize(
    ("profile", "name", "owner"),
    [(None, ".env.phase5", "production"), ("staging", ".env.phase5", "production"),
     ("production", ".env.phase5.staging", "staging")],
)  # fmt: skip
def test_an_env_file_is_read_for_its_own_profile_only(
    tmp_path: Path, profile: str | None, name: str, owner: str
) -> None:
    env_file = tmp_path / name
    env_file.write_text("LOAD_RATE=1\n")
    settings, problems = read_settings(profile, {}, {}, env_file)
    used = profile or "dev"
    assert [str(problem) for problem in problems] == [
        f"--env-file = '{name}': is read for --profile {owner} only; this run's profile is {used}"
    ]
    assert settings.rate == parse_rate("80")


def test_the_token_comes_from_a_flag_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "jwt"
    file.write_text(f"Bearer {JWT}\n")
    assert settings_of(environ={"PROD_JWT": JWT}).jwt == Secret(JWT)
    assert settings_of({"jwt_file": str(file)}, {"PROD_JWT": "other"}).jwt == Secret(JWT)
    assert settings_of({"jwt": JWT}, {"PROD_JWT": "other"}).jwt == Secret(JWT)


def test_two_tokens_on_the_command_line_are_one_too_many(tmp_path: Path) -> None:
    file = tmp_path / "jwt"
    file.write_text(JWT)
    assert problems_of({"jwt": JWT, "jwt_file": str(file)}) == ["--jwt-file: give either --jwt or --jwt-file"]


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "ümlaut"])
def test_a_token_that_would_break_a_header_is_refused_and_not_shown(text: str) -> None:
    (problem,) = problems_of({"jwt": text})
    assert problem.endswith("not a token: it must be one word of printable ASCII")
    assert text not in problem


def test_the_metrics_header_has_two_names_and_one_form() -> None:
    first = settings_of(environ={"METRICS_AUTH_HEADER": "X-Metrics-Token: abcdef", "EXTRA_CURL_HEADER": "X: yyyyy"})
    second = settings_of(environ={"EXTRA_CURL_HEADER": "Authorization: Bearer tok-12345"})
    assert first.metrics_auth is not None
    assert (first.metrics_auth.name, first.metrics_auth.value) == ("X-Metrics-Token", Secret("abcdef"))
    assert second.metrics_auth is not None
    assert second.metrics_auth.value == Secret("Bearer tok-12345")
    assert Secret("tok-12345") in second.secrets
    assert problems_of(environ={"METRICS_AUTH_HEADER": "abcdefgh"}) == [
        "METRICS_AUTH_HEADER = '***efgh': not a header: write it as \"Name: value\""
    ]


def test_userinfo_is_taken_out_of_the_base_url() -> None:
    settings = settings_of({"base_url": "https://ann:p%40ss-word@h.example:8443/api"})
    assert settings.base_url == "https://h.example:8443/api"
    assert settings.basic == Secret("Basic YW5uOnBAc3Mtd29yZA==")
    assert {Secret("p@ss-word"), Secret("YW5uOnBAc3Mtd29yZA==")} <= set(settings.secrets)
    assert "p@ss-word" not in repr(settings)


def test_userinfo_of_the_metrics_url_becomes_its_header() -> None:
    settings = settings_of({"metrics_url": ("http://u:secret@h/m",)})
    assert settings.metrics_url == ("http://h/m",)
    assert settings.metrics_auth is not None
    assert (settings.metrics_auth.name, settings.metrics_auth.value) == ("Authorization", Secret("Basic dTpzZWNyZXQ="))


def test_userinfo_of_metrics_urls_and_a_header_exclude_each_other() -> None:
    remedy = "remove user and password from the URL and give one METRICS_AUTH_HEADER for all"
    assert problems_of({"metrics_url": ("http://u:secret@h/m",)}, {"METRICS_AUTH_HEADER": "A: bcde"}) == [
        f"--metrics-url = 'http://h/m': {remedy}"
    ]
    assert problems_of({"metrics_url": ("http://h/m", "http://u:secret@i/m")}) == [
        f"--metrics-url = 'http://i/m': {remedy}"
    ]


@pytest.mark.parametrize("url", ["ftp://h/m?t=hunter22", "http://h:99999/m?t=hunter22", "h/m?hunter22"])
def test_a_bad_url_is_shown_without_the_values_of_its_query(url: str) -> None:
    """A parameter of any name may hold a token."""
    (problem,) = problems_of({"metrics_url": (url,)})
    assert "hunter22" not in problem
    assert "?t=***" in problem or "?***" in problem


def test_a_bad_url_with_a_password_is_shown_without_it() -> None:
    (problem,) = problems_of({"base_url": "ftp://u:hunter22@h/"})  # not-a-secret
    assert "hunter22" not in problem


def test_recognised_variables_of_other_verbs_and_of_the_service_are_kept(tmp_path: Path) -> None:
    env_file = tmp_path / "my.env"
    env_file.write_text(
        "LATENCY_INCREASE_PCT=20\nREDIS_URL=redis://:s3cr3tpw@h:6379\nPLUGIN_NAME=one\n"  # not-a-secret
    )
    settings = load_settings(None, {}, {"PLUGIN_NAME": "two", "ENABLE_FALLBACK_TEST": "false"}, env_file)
    assert settings.variables["LATENCY_INCREASE_PCT"] == 20.0
    assert settings.variables["PLUGIN_NAME"] == "two"
    assert settings.variables["ENABLE_FALLBACK_TEST"] == "false"
    assert Secret("s3cr3tpw") in settings.secrets
    assert problems_of(env_file=env_file) == []


def test_a_number_variable_of_an_env_file_must_be_a_number(tmp_path: Path) -> None:
    env_file = tmp_path / "my.env"
    env_file.write_text("RELOAD_COUNT=few\n")
    assert problems_of(env_file=env_file) == ["RELOAD_COUNT (my.env) = 'few': write a number that is not negative"]


def test_a_proxy_is_ignored_with_a_notice() -> None:
    settings = settings_of(environ={"HTTP_PROXY": "http://proxy", "https_proxy": "http://proxy"})
    assert settings.notices == (
        "HTTP_PROXY is set and ignored: load goes to the target directly",
        "HTTPS_PROXY is set and ignored: load goes to the target directly",
    )


def test_the_usual_rate_is_the_environments_whatever_this_run_asks() -> None:
    assert settings_of({"rate": "500"}, {"LOAD_RATE": "40"}).usual_rate == parse_rate("40")
    assert settings_of({"rate": "500"}).usual_rate == parse_rate("80")
    assert settings_of({"rate": "500"}, {"LOAD_RATE": "?"}).usual_rate == parse_rate("80")


def test_no_name_belongs_to_two_settings() -> None:
    for source in (Source.PLAN, Source.ENVIRONMENT, Source.FLAG):
        names = [name.text for row in ROWS for name in row.names(source)]
        assert len(names) == len(set(names))


def test_the_template_lists_only_keys_that_are_known_and_all_its_placeholders_are_refused(
    pytestconfig: pytest.Config,
) -> None:
    found = problems_of(env_file=pytestconfig.rootpath / ".env.phase5.template")
    keys = [problem.split(" ")[0] for problem in found]
    assert keys == ["LOAD_BASE_URL", "METRICS_URL", "ALLOWED_HOSTS", "PROD_JWT"]
    assert all("still a placeholder" in problem for problem in found)
