"""Bad input: exit code 2, every problem in one message, and not one request sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.processes import Service, against, loadgen, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def target() -> Iterator[Service]:
    with service("loadgen.demo", env={"DEMO_REQUIRE_JWT": "true"}) as demo:
        yield demo


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--rate", "0"], ["a rate must be greater than 0"]),
        (["--interval", "-5s"], ["a duration cannot be negative"]),
        (
            ["--rate", "0", "--interval", "5", "--concurrency", "0"],
            ["3 problems", "--rate", "--interval", "oncurrency"],
        ),
        (["--samples", "0"], ["amples"]),
        (["--timeout", "0s"], ["imeout"]),
    ],
)
def test_impossible_values_are_all_named(
    target: Service, tmp_path: Path, arguments: list[str], expected: list[str]
) -> None:
    before = target.received()
    result = loadgen(*against(target), *arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stdout
    for text in expected:
        assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert target.received() == before
    assert not list(tmp_path.glob("results/phase5-*"))


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"])
def test_a_bad_url_is_refused(tmp_path: Path, url: str) -> None:
    result = loadgen("baseline", "--base-url", url, cwd=tmp_path)
    assert result.returncode == 2
    assert "base" in result.stderr.lower()
    assert "Traceback" not in result.stderr


def test_a_placeholder_and_an_unknown_key_in_the_env_file_are_named_together(target: Service, tmp_path: Path) -> None:
    (tmp_path / ".env.phase5.staging").write_text("PROD_JWT=<your token>\nLOAD_RAET=80\nLOAD_RATE=nope\n")
    result = loadgen(*against(target, profile="staging"), cwd=tmp_path)
    assert result.returncode == 2
    assert "3 problems; nothing was done" in result.stderr
    for key in ("PROD_JWT", "LOAD_RAET", "LOAD_RATE"):
        assert key in result.stderr


def test_an_unreachable_target_is_refused(tmp_path: Path) -> None:
    result = loadgen(
        "baseline", "--profile", "dev", "--base-url", "http://127.0.0.1:9", "--metrics-url", "http://127.0.0.1:9/m",
        cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 2
    assert "127.0.0.1:9" in result.stdout + result.stderr
    assert not list(tmp_path.glob("results/phase5-*"))


def test_a_401_stops_before_any_load(target: Service, tmp_path: Path) -> None:
    before = target.received()
    result = loadgen(*against(target, "--samples", "1", "--interval", "2s"), cwd=tmp_path)
    assert result.returncode == 2
    assert "401" in result.stdout + result.stderr
    assert target.received() - before <= 6  # /health and one request to each endpoint, as preflight says


def test_a_metrics_page_that_is_html_stops_before_any_load(target: Service, tmp_path: Path) -> None:
    result = loadgen(
        "baseline", "--profile", "dev", "--base-url", target.url, "--endpoint", "/health", "--metrics-url",
        target.url + "/", "--samples", "1", "--interval", "2s", cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_host_beyond_this_machine_needs_a_profile(tmp_path: Path) -> None:
    result = loadgen("run", "http://service.example/", cwd=tmp_path)
    assert result.returncode == 2
    assert "--profile" in result.stderr


def test_production_needs_its_host_in_allowed_hosts(tmp_path: Path) -> None:
    result = loadgen(
        "baseline", "--profile", "production", "--base-url", "http://service.example", "--no-breaker", cwd=tmp_path
    )
    assert result.returncode == 2
    assert "ALLOWED_HOSTS" in result.stderr
    assert "breaker" in result.stderr
