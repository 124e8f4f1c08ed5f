"""What commands with a demo service make of addresses that were asked for beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.cli.asked import demo_stand_ins, with_addresses_of
from loadgen.core.config import read_settings
from loadgen.run.demo_service import DemoService
from tests.support.processes import loadgen

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = "http://127.0.0.1:1"
REMEDY = "the demo service has its own: leave it out, or leave out --demo and give the addresses of your service"


@pytest.mark.parametrize("command", ["baseline", "capacity", "run-all"])
@pytest.mark.parametrize("given", ["flag", "plan"])
def test_the_demo_service_and_another_address_exclude_each_other(command: str, given: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(f'base_url = "{ELSEWHERE}"\n')
    address = ["--base-url", ELSEWHERE] if given == "flag" else ["--plan", "plan.toml"]

    ended = loadgen(command, "--demo", *address, cwd=tmp_path)

    assert ended.returncode == 2
    assert REMEDY in ended.stderr
    assert ("--base-url" if given == "flag" else "base_url") in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def test_a_round_on_the_demo_service_takes_no_other_metrics(tmp_path: Path) -> None:
    ended = loadgen("run-all", "--demo", "--metrics-url", f"{ELSEWHERE}/metrics", cwd=tmp_path)

    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert f"--metrics-url: {REMEDY}" in ended.stderr


@pytest.mark.parametrize("command", ["baseline", "capacity", "run-all", "warmup"])
@pytest.mark.parametrize("target", [(), ("--base-url", ELSEWHERE)])
def test_a_setting_that_cannot_be_read_leaves_nothing_behind(
    command: str, target: tuple[str, ...], tmp_path: Path
) -> None:
    ended = loadgen(command, *target, "--resolve", "nonsense", cwd=tmp_path)

    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "nothing was done" in ended.stderr


def test_the_demo_services_own_redis_takes_the_place_of_its_stand_in_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CACHE_IMPL", "redis")
    settings, _ = read_settings(None, {"watch_redis": True}, {}, None, None, None)
    demo = DemoService({})
    demo.url, demo.redis_url = "http://127.0.0.1:8080", "unix:///of-the-demo"

    stand_ins = demo_stand_ins(settings)

    assert with_addresses_of(demo, stand_ins) == {
        "demo": True, "base_url": "http://127.0.0.1:8080", "redis_url": "unix:///of-the-demo",
    }  # fmt: skip
    assert with_addresses_of(demo, {"redis_url": "redis://asked"})["redis_url"] == "redis://asked"


@pytest.mark.parametrize("command", ["baseline", "capacity"])
def test_a_run_that_is_not_there_cannot_be_gone_on_with_and_leaves_nothing_behind(command: str, tmp_path: Path) -> None:
    ended = loadgen(command, "--base-url", ELSEWHERE, "--resume", "gone", cwd=tmp_path)

    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "--resume = 'gone'" in ended.stderr
    assert ("gone/metadata.json: no such file" if command == "baseline" else "no decisions.jsonl there") in ended.stderr


@pytest.mark.parametrize("command", ["baseline", "capacity"])
def test_a_run_of_a_demo_service_that_is_gone_is_not_gone_on_with(command: str, tmp_path: Path) -> None:
    ended = loadgen(command, "--resume", "demo-run", cwd=tmp_path)

    assert (ended.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "--resume = 'demo-run': the demo service that was started for a run ends with it" in ended.stderr
    assert "demo service at" not in ended.stderr
