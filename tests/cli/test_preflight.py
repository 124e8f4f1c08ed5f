"""`loadgen preflight` shows every check, for people and for machines."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from click.testing import CliRunner

from loadgen.cli.creds import creds
from loadgen.cli.preflight import preflight
from loadgen.core.errors import ExitCode, InputError
from tests.support.checks import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPOSITION = """# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 10
# TYPE metasheet_fallback_total counter
metasheet_fallback_total{reason="cache_miss"} 1
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1700000000
"""


async def answer(request: web.Request) -> web.StreamResponse:
    if request.path == "/metrics/prom":
        return web.Response(text=EXPOSITION, content_type="text/plain")
    return web.json_response({"status": "healthy"})


@contextmanager
def service_in_a_thread() -> Iterator[str]:
    """Serve from a loop of its own, because the command runs one too."""
    ready, done = threading.Event(), asyncio.Event()
    found: dict[str, str] = {}
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(answer) as service:
            found["url"] = service.url
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield found["url"]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_table_has_a_line_for_each_check_and_a_count() -> None:
    with service_in_a_thread() as url:
        result = CliRunner().invoke(preflight, ["--base-url", url], standalone_mode=False)
    assert result.return_value is ExitCode.OK, result.output
    assert "PASS  health                      " in result.output
    assert result.output.splitlines()[-1].endswith(" skipped")
    assert ", 0 failed, " in result.output.splitlines()[-1]


def test_json_is_one_object_with_all_checks() -> None:
    with service_in_a_thread() as url:
        arguments = ["--base-url", url, "--endpoint", "/a", "--json"]
        result = CliRunner().invoke(preflight, arguments, standalone_mode=False)
    document = json.loads(result.stdout)
    assert (document["ok"], document["failed"]) == (True, 0)
    names = [check["name"] for check in document["checks"]]
    assert "endpoint /a" in names
    assert set(document["checks"][0]) == {"name", "status", "message"}


def test_bad_settings_are_one_error_and_nothing_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(preflight, ["--rate", "0", "--interval", "-1s"], standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert [problem.key for problem in result.exception.problems] == ["--rate", "--interval", "LOAD_BASE_URL"]
    assert result.output == ""


def test_a_source_tree_is_scanned_without_any_service(tmp_path: Path) -> None:
    (tmp_path / "deploy.env").write_text("ALLOW_UNSAFE_ADMIN=true\n")
    result = CliRunner().invoke(preflight, ["--scan", "."], standalone_mode=False)
    assert result.return_value is ExitCode.USAGE
    assert result.output == (
        "FAIL  scan  deploy.env:1: ALLOW_UNSAFE_ADMIN is true: remove it or set it to false\n"
        "0 passed, 0 warned, 1 failed, 0 skipped\n"
    )


def test_credentials_are_scrubbed_from_the_usual_files(tmp_path: Path) -> None:
    file = tmp_path / ".env.phase5"
    file.write_text("PROD_JWT=abcdef\nLOAD_RATE=80\n")
    file.chmod(0o600)
    dry = CliRunner().invoke(creds, ["scrub", "--dry-run"])
    assert dry.output == ".env.phase5: would remove PROD_JWT\n"
    assert file.read_text().startswith("PROD_JWT=abcdef")
    result = CliRunner().invoke(creds, ["scrub"])
    assert (result.exit_code, result.output) == (0, ".env.phase5: removed PROD_JWT\n")
    assert file.read_text() == "PROD_JWT=\nLOAD_RATE=80\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert CliRunner().invoke(creds, ["scrub"]).output == ".env.phase5: holds no credential\n"


def test_without_an_env_file_there_is_nothing_to_scrub() -> None:
    assert CliRunner().invoke(creds, ["scrub"]).output == "no env file here: nothing to remove\n"


def test_a_named_file_must_be_there() -> None:
    result = CliRunner().invoke(creds, ["scrub", "x.env"], standalone_mode=False)
    assert isinstance(result.exception, InputError)
    assert str(result.exception).endswith("FILE = 'x.env': there is no such file")
