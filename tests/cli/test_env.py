"""`loadgen env capture` tells what an environment is, never a secret of it, and whether its endpoints answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.env import env
from loadgen.core.errors import ExitCode, InputError
from loadgen.run.environment import HIDDEN, allowed_names, shown_settings
from tests.support.processes import service

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def capture(*arguments: str, variables: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(env, ["capture", *arguments], env=variables, standalone_mode=False)


def test_defect_17_no_password_of_the_environment_is_recorded() -> None:
    """The published capture wrote every value in clear, a database password among them."""
    variables = {
        "DATABASE_URL": "postgres://app:dbpassword1@db/x",  # not-a-secret
        "REDIS_URL": "redis://:redispassword1@cache:6379",  # not-a-secret
        "PROD_JWT": "eyJhbGciOiJub25lIn0.e30.jwtpart12345",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/slackpart12345",
        "LOAD_BASE_URL": "https://user:urlpassword1@service.example",
        "MY_OWN_VALUE": "not on the list",
    }
    output = capture(variables=variables).output
    for secret in ("dbpassword1", "redispassword1", "jwtpart", "slackpart", "urlpassword1", "not on the list"):
        assert secret not in output
    assert f"| REDIS_URL | {HIDDEN} | environment |" in output
    assert "| LOAD_BASE_URL | https://***@service.example | environment |" in output
    assert "DATABASE_URL" not in output


def test_only_variables_of_the_table_are_told() -> None:
    names = {item.name for item in shown_settings({"HOME": "/root", "LOAD_RATE": "80"}, None)}
    assert names == set(allowed_names())
    assert "HOME" not in names


def test_the_environment_wins_over_the_env_file_and_each_says_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / ".env.phase5").write_text("LOAD_RATE=80\nLOAD_SAMPLES=12\nPROD_JWT=<admin-jwt>\n")
    output = capture("--profile", "production", variables={"LOAD_RATE": "90"}).output
    assert "| LOAD_RATE | 90 | environment |" in output
    assert "| LOAD_SAMPLES | 12 | .env.phase5 |" in output
    assert "| PROD_JWT | a placeholder that was never filled in | .env.phase5 |" in output
    assert "Endpoints\n\nNot asked: give --check to test them again." in output


def test_an_env_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env.phase5").write_text("LOAD_RAET=80\n")
    assert isinstance(capture("--profile", "production").exception, InputError)


def test_endpoints_are_tested_again(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        arguments = ["--base-url", demo.url, "--metrics-url", demo.url + "/metrics/prom"]
        arguments += ["--endpoint", "/api/v2/hello", "--check", "--out", "record/environment.md"]
        well = capture(*arguments)
        demo.fault(error_share=1.0)
        ill = capture(*arguments)
    assert well.return_value == ExitCode.OK, well.output
    assert ill.return_value == ExitCode.USAGE
    assert "FAIL  endpoint /api/v2/hello  500" in ill.stderr
    text = (tmp_path / "record" / "environment.md").read_text()
    assert "| FAIL | endpoint /api/v2/hello | 500" in text
    assert "| PASS | metrics" in text


def test_a_check_without_a_target_says_what_is_missing() -> None:
    assert "LOAD_BASE_URL: missing" in str(capture("--check").exception)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in str(capture("--out", "file/record.md").exception)
