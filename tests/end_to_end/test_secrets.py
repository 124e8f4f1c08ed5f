"""Secrets given in every way reach the service and nothing else: no file, no log, no process list, no traceback."""

from __future__ import annotations

import base64
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jwt
import psutil
import pytest

from tests.support.processes import (
    against,
    clean_environment,
    run_directory,
    service,
    start_loadgen,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.processes import Service

SIGNING = "the-services-own-signing-secret-0123456789"
TOKEN = jwt.encode({"sub": "sre", "iat": 1, "exp": 4_000_000_000}, SIGNING, algorithm="HS256")
SCRAPE_TOKEN = "scrape-token-5d1f0c77"
WEBHOOK = "https://hooks.slack.com/services/T000/B000/abcdefghijklmnop"  # not-a-secret
REDIS_PASSWORD = "redis-pass-word-77"
PASSWORD = "user-info-pass-word"
BASIC = base64.b64encode(b"operator:basic-pass-word").decode()
EVERY_SECRET = (TOKEN, SCRAPE_TOKEN, WEBHOOK, "abcdefghijklmnop", REDIS_PASSWORD, PASSWORD, BASIC, "basic-pass-word")
WAYS = ("flag", "environment", "file")
ENVIRONMENT = {
    "METRICS_AUTH_HEADER": f"Authorization: Bearer {SCRAPE_TOKEN}",
    "SLACK_WEBHOOK_URL": WEBHOOK,
    "REDIS_URL": f"redis://:{REDIS_PASSWORD}@127.0.0.1:1",
}


def _shown_by_the_system(pid: int) -> str:
    """Return arguments and environment of a process and all its children, as the process list reads them."""
    shown = []
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        for name in ("cmdline", "environ"):
            try:
                shown.append(Path(f"/proc/{process.pid}/{name}").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    return "\n".join(shown)


def _run(demo: Service, cwd: Path, arguments: Sequence[str], environment: dict[str, str]) -> tuple[str, str]:
    """Run a short baseline; return what the process list showed during it and everything it wrote or printed."""
    run = start_loadgen(
        *against(demo, "--samples", "2", "--interval", "2s", "--warmup", "1s", "--watch-redis", *arguments),
        cwd=cwd,
        env=environment,
    )
    try:
        wait_until(lambda: list(cwd.glob("results/phase5-*/load-stats.csv")), timeout_s=40, what="the load begins")
        shown = _shown_by_the_system(run.pid)
        output, _ = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 0, output
    files = "\n".join(path.read_text(errors="replace") for path in run_directory(cwd).iterdir())
    return shown, output + files


def _leaks(text: str) -> list[str]:
    return [secret for secret in EVERY_SECRET if secret in text]


def _token_given(way: str, cwd: Path) -> tuple[str, str]:
    environment = dict(ENVIRONMENT)
    arguments: list[str] = []
    if way == "flag":
        arguments = ["--jwt", TOKEN]
    elif way == "environment":
        environment["PROD_JWT"] = TOKEN
    else:
        (cwd / "token").write_text(TOKEN + "\n")
        arguments = ["--jwt-file", "token"]
    with service(
        "loadgen.demo",
        env={"DEMO_REQUIRE_JWT": "true", "JWT_SECRET": SIGNING, "METRICS_SCRAPE_TOKEN": SCRAPE_TOKEN},
    ) as demo:
        return _run(demo, cwd, arguments, environment)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What runs with the token given in each way showed and wrote; they go on side by side."""
    with ThreadPoolExecutor(len(WAYS)) as pool:
        runs = {way: pool.submit(_token_given, way, tmp_path_factory.mktemp(way)) for way in WAYS}
        return {way: run.result() for way, run in runs.items()}


@pytest.mark.parametrize("way", WAYS)
def test_a_token_and_every_other_secret_stay_out_of_sight(seen: dict[str, tuple[str, str]], way: str) -> None:
    shown, written = seen[way]
    assert _leaks(shown) == []
    assert _leaks(written) == []
    assert "127.0.0.1:1, database 0" in written, "Redis was watched, although none was there"


def test_userinfo_and_a_basic_header_stay_out_of_sight(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        host = urlsplit(demo.url).netloc
        run = start_loadgen(
            "run", f"http://operator:{PASSWORD}@{host}/livez", "-H", f"X-Proxy-Authorization: Basic {BASIC}",
            "--rate", "20", "-d", "4s", "--out", "out", cwd=tmp_path,
        )  # fmt: skip
        try:
            wait_until(lambda: (tmp_path / "out" / "load-stats.csv").exists(), timeout_s=40, what="the load begins")
            shown = _shown_by_the_system(run.pid)
            output, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 0, output
    assert _leaks(shown) == []
    assert _leaks(output + "\n".join(path.read_text(errors="replace") for path in (tmp_path / "out").iterdir())) == []


_FORCED = """
import sys
from loadgen.cli import hide, main as command

def explode(*_args, **_kwargs):
    token = sys.argv[2]
    raise RuntimeError(f"while sending Authorization: Bearer {token} to http://u:user-info-pass-word@127.0.0.1")

hide.take_command = lambda program: sys.argv[1:]  # else the process would be replaced by the real command
command.loadgen.main = explode
command.main()
"""


def test_a_forced_traceback_shows_no_secret_and_is_no_verdict() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _FORCED, "--jwt", TOKEN],
        capture_output=True,
        text=True,
        env=clean_environment(ENVIRONMENT),
        check=False,
    )
    assert result.returncode == 2
    assert "RuntimeError" in result.stderr
    assert _leaks(result.stderr + result.stdout) == []
