"""`loadgen nightly` as a command: what it is about, and what it never passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.nightly import nightly
from loadgen.core.errors import InputError
from loadgen.run import launch

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from loadgen.run.launch import Spec

WEBHOOK = "https://hooks.slack.com/services/T000/B000/XXXX"
CLEAN = (
    "LOAD_BASE_URL", "API_BASE", "METRICS_URL", "PROD_JWT", "METRICS_AUTH_HEADER", "ENABLE_ALERTS", "SLACK_WEBHOOK_URL",
)  # fmt: skip


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Spec]:
    """Run in an empty directory, and start nothing: keep what would have been started."""
    specs: list[Spec] = []
    monkeypatch.chdir(tmp_path)

    def keep(spec: Spec) -> int:
        specs.append(spec)
        return 0

    monkeypatch.setattr(launch, "run_to_end", keep)
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)
    return specs


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(nightly, list(arguments), standalone_mode=False)


def test_the_demo_has_a_history_of_its_own(started: list[Spec]) -> None:
    invoke("--demo", "--na-policy", "neutral")
    assert started[0].arguments[:4] == ("run-all", "--na-policy", "neutral", "--demo")
    trend = next(spec for spec in started if spec.arguments[0] == "trend")
    assert trend.arguments[1] == "results/demo/nightly"


def test_reports_get_no_secret_and_run_all_its_credentials(
    started: list[Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROD_JWT", "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0")
    invoke("--demo")
    by_module = {spec.module: spec.environment for spec in started}
    assert "PROD_JWT" in by_module["loadgen"]
    assert "PROD_JWT" not in by_module["reports"]
    assert not any("eyJ" in word for spec in started for word in spec.arguments)


def test_a_service_that_does_not_answer_is_a_night_of_na(started: list[Spec], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.cli.nightly._TRIES", 1)
    result = invoke("--base-url", "http://127.0.0.1:1")
    assert result.return_value == 3
    assert started[0].arguments[:2] == ("stage", "--unreachable")


def test_without_a_service_nothing_is_kept(started: list[Spec], tmp_path: Path) -> None:
    result = invoke()
    assert isinstance(result.exception, InputError)
    assert started == []
    assert list(tmp_path.iterdir()) == []


def test_a_finished_run_goes_without_a_service(started: list[Spec], tmp_path: Path) -> None:
    for more in ("--demo", "--load"):
        assert "goes without a service" in str(invoke("--run", str(tmp_path), more).exception)
    assert started == []


def test_the_env_file_of_the_profile_holds_the_rules_of_suggestions(started: list[Spec], tmp_path: Path) -> None:
    (tmp_path / ".env.phase5.staging").write_text("MULTIPLIER_LATENCY=1.5\n")
    invoke("--demo", "--profile", "staging")
    suggest = next(spec for spec in started if spec.arguments[0] == "suggest")
    assert suggest.arguments[-2:] == ("--env-file", str(tmp_path / ".env.phase5.staging"))


def test_a_load_comes_first_and_gets_no_option_of_the_validation(started: list[Spec]) -> None:
    invoke("--demo", "--load", "--na-policy", "neutral", "--exercise")
    assert started[0].arguments == (
        "baseline", "--demo", "--exercise", "--results", "results/demo/nightly-report/runs", "--quiet",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, False),
        ({"SLACK_WEBHOOK_URL": WEBHOOK}, False),
        ({"ENABLE_ALERTS": "true"}, False),
        ({"ENABLE_ALERTS": "true", "SLACK_WEBHOOK_URL": WEBHOOK}, True),
    ],
    ids=["neither", "an address alone", "a switch alone", "both"],
)
def test_the_summary_goes_to_a_webhook_only_where_alerts_are_on(
    started: list[Spec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], told: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "results" / "demo" / "nightly").mkdir(parents=True)
    (tmp_path / "results" / "demo" / "nightly" / "phase5-20260301.json").write_text("{}")
    invoke("--demo")
    assert ("slack" in [spec.arguments[0] for spec in started]) is told


def test_the_webhook_of_an_env_file_counts_too(started: list[Spec], tmp_path: Path) -> None:
    (tmp_path / "own.env").write_text(f"ENABLE_ALERTS=true\nSLACK_WEBHOOK_URL={WEBHOOK}\n")
    (tmp_path / "results" / "demo" / "nightly").mkdir(parents=True)
    (tmp_path / "results" / "demo" / "nightly" / "phase5-20260301.json").write_text("{}")
    invoke("--demo", "--env-file", "own.env")
    assert started[-1].arguments[0] == "slack"
    assert WEBHOOK not in " ".join(started[-1].arguments)


def test_a_placeholder_of_a_webhook_is_told_before_anything_is_done(
    started: list[Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "<webhook>")
    result = invoke("--demo")
    assert "SLACK_WEBHOOK_URL" in str(result.exception)
    assert started == []


def test_a_plan_and_its_scenario_reach_the_load_and_the_validation(started: list[Spec], tmp_path: Path) -> None:
    (tmp_path / "night.toml").write_text("rate = 10\n")
    invoke("--demo", "--load", "--plan", "night.toml", "--scenario", "night")
    for spec in started[:2]:
        assert spec.arguments[1:5] == ("--plan", "night.toml", "--scenario", "night")
