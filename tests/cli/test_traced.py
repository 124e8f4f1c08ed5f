"""A command with a trace: completed however the command ends, and kept where that is known."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.cli.traced import Terminated, traced, traced_to_its_code
from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem
from loadgen.core.trace_store import TraceStore

if TYPE_CHECKING:
    from loadgen.run.execution import Execution


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUT_DIR", raising=False)


def last(place: str = "results") -> dict[str, Any]:
    found = TraceStore(Path(place) / ".traces.jsonl").last()
    assert found is not None
    return found


def failing(error: BaseException, place: str = "results") -> Any:
    def work(execution: Execution) -> int:
        execution.keep_at(Path(place))
        raise error

    return work


def test_the_exit_code_of_the_work_is_returned_and_kept() -> None:
    def work(execution: Execution) -> int:
        execution.keep_at(Path("results"))
        return ExitCode.NO_GO

    assert traced("baseline", None, work) is ExitCode.NO_GO
    assert (last()["command"], last()["metadata"]["exit_code"], last()["error"]) == ("baseline", 1, None)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError([Problem("--rate", "x", "not a rate")]), 2, "not a rate"),
        (KeyboardInterrupt(), 130, "KeyboardInterrupt"),
        (RuntimeError("a fault"), 2, "RuntimeError: a fault"),
    ],
)
def test_what_is_raised_is_kept_and_raised_again(error: BaseException, code: int, said: str) -> None:
    with pytest.raises(type(error)):
        traced("run", None, failing(error))

    assert (last()["metadata"]["exit_code"], said in last()["error"]) == (code, True)


def test_a_sigterm_that_nobody_hears_is_said_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    unwound = []

    def work(execution: Execution) -> int:
        execution.keep_at(Path("results"))
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            unwound.append(True)
        return ExitCode.OK

    with pytest.raises(Terminated) as ended:
        traced("preflight", None, work)
    assert (ended.value.code, unwound, signal.getsignal(signal.SIGTERM)) == (143, [True], before)
    assert (last()["metadata"]["exit_code"], last()["error"]) == (143, "stopped by SIGTERM")
    assert capsys.readouterr().err == "loadgen: stopped by SIGTERM\n"

    assert traced_to_its_code("warmup", None, work) is ExitCode.SIGTERM
    assert capsys.readouterr().err.splitlines()[-1] == "loadgen exit 143 (stopped by SIGTERM)"


def test_a_secret_in_an_error_is_masked_before_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = LoadgenError("http://me:hunter22@host is wrong")  # not-a-secret

    assert traced_to_its_code("warmup", None, failing(error)) == 2
    assert capsys.readouterr().err == (
        "loadgen: http://***@host is wrong\nloadgen exit 2 (usage, configuration or tool error)\n"
    )


def test_wrong_settings_make_no_directory() -> None:
    def work(_execution: Execution) -> int:
        raise InputError([Problem("--rate", "x", "not a rate")])

    with pytest.raises(InputError):
        traced("run", None, work)
    assert list(Path().iterdir()) == []

    Path("there").mkdir()
    with pytest.raises(InputError):
        traced("run", "there", work)
    assert "not a rate" in last("there")["error"]


def test_a_trace_that_cannot_be_kept_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("in the way")

    def work(execution: Execution) -> int:
        execution.keep_at(Path("file"))
        return ExitCode.OK

    assert traced("run", None, work) is ExitCode.OK
    assert capsys.readouterr().err.startswith("loadgen: the execution trace could not be kept: file")
