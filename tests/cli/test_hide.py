"""Secrets given as arguments or environment do not reach the process list."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loadgen.cli.hide import visible_command

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzcmUifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["baseline", "--jwt", TOKEN], ["baseline", "--jwt", "***"]),
        (["baseline", f"--jwt={TOKEN}"], ["baseline", "--jwt=***"]),
        (["run", "-H", "Authorization: Basic dXNlcjpwdw=="], ["run", "-H", "Authorization: ***"]),
        (["run", "-HX-Api-Key: abcdefgh"], ["run", "-HX-Api-Key: ***"]),
        (["run", "--header=Accept: text/plain"], ["run", "--header=Accept: text/plain"]),
        (["run", "http://user:pw@127.0.0.1/"], ["run", "http://***@127.0.0.1/"]),
        (["run", "--proxy", "http://me:pw@127.0.0.1:3128"], ["run", "--proxy", "http://***@127.0.0.1:3128"]),
        (["baseline", "--redis-url", "redis://:pw@cache"], ["baseline", "--redis-url", "redis://***@cache"]),
        (["run", "--token-command", f"echo {TOKEN}"], ["run", "--token-command", "echo ***"]),
        (["run", "--token-command", "vault read token"], ["run", "--token-command", "vault read token"]),
        (["run", "http://127.0.0.1/?token=abc&x=1"], ["run", "http://127.0.0.1/?token=***&x=1"]),
        (["run", "http://127.0.0.1/", "--rate", "80"], ["run", "http://127.0.0.1/", "--rate", "80"]),
    ],
)
def test_only_secrets_are_masked_in_what_is_shown(arguments: list[str], shown: list[str]) -> None:
    assert visible_command(arguments, {}).arguments == shown


def test_secret_variables_leave_the_visible_environment() -> None:
    environment = {
        "PATH": "/bin",
        "PROD_JWT": TOKEN,
        "REDIS_URL": "redis://:secret@127.0.0.1:6379",
        "LOAD_BASE_URL": "http://127.0.0.1:1",
        "SLACK_WEBHOOK_URL": "",
    }
    visible = visible_command([], environment)
    assert set(visible.environment) == {"PATH", "LOAD_BASE_URL", "SLACK_WEBHOOK_URL"}
    assert set(visible.hidden_variables) == {"PROD_JWT", "REDIS_URL"}


_SHOW = """
import os, sys
from loadgen.cli.hide import take_command
arguments = take_command([sys.executable, __file__])
print(arguments)
print(os.environ["PROD_JWT"], os.environ.get("LOADGEN_HANDOVER_FD"))
print(open("/proc/self/cmdline").read().replace("\\0", " "))
print(open("/proc/self/environ").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process list from /proc")
def test_the_replaced_process_knows_its_secrets_and_shows_none(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(_SHOW)
    result = subprocess.run(
        [sys.executable, str(script), "--jwt", TOKEN],
        capture_output=True,
        text=True,
        env=os.environ | {"PROD_JWT": "environment-secret"},
        check=False,
    )
    lines = result.stdout.splitlines()
    assert lines[0] == str(["--jwt", TOKEN]), result.stderr
    assert lines[1] == "environment-secret None"
    assert "--jwt ***" in lines[2]
    assert TOKEN not in "".join(lines[2:])
    assert "environment-secret" not in "".join(lines[2:])
    assert "prefer --jwt-file" in result.stderr
