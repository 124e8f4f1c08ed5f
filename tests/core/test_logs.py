"""Log lines: fixed names in a fixed order, one context per task, no secret, no waiting."""

from __future__ import annotations

import asyncio
import io
import json
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.logs import FIELDS, Log, clear_context, context, open_log, set_context
from loadgen.core.redact import Redactor, Secret
from loadgen.core.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_context() -> Iterator[None]:
    clear_context()
    yield
    clear_context()


def _lines(path: Path, log: Log) -> list[dict[str, Any]]:
    assert log.close(10 * NS_PER_S)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_has_the_fixed_fields_in_order_and_then_the_extras(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor(), correlation_id="phase5-dev-1")
    set_context(trace_id="t1", user_id="ann", cmd="baseline")

    log.info("phase begins", phase="main", fn="supervise", rate=80)

    (line,) = _lines(path, log)
    assert tuple(line) == (*FIELDS, "phase", "rate")
    assert FIELDS == ("ts", "level", "service", "fn", "trace_id", "correlation_id", "user_id", "cmd", "msg")
    ts = line.pop("ts")
    assert line == {
        "level": "info",
        "service": "loadgen",
        "fn": "supervise",
        "trace_id": "t1",
        "correlation_id": "phase5-dev-1",
        "user_id": "ann",
        "cmd": "baseline",
        "msg": "phase begins",
        "phase": "main",
        "rate": 80,
    }
    moment = datetime.fromisoformat(ts)
    assert ts.endswith("+00:00")
    assert ts == moment.isoformat()
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60


def test_fields_that_are_not_known_are_absent(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    log.info("hello", fn=None)
    (line,) = _lines(path, log)
    assert tuple(line) == ("ts", "level", "service", "msg")


def test_the_levels_are_debug_info_warn_and_error(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor(), debug=True)
    log.debug("a")
    log.info("b")
    log.warn("c")
    log.error("d")
    log.log("warning", "from a child")
    log.log("CRITICAL", "from a child")

    assert [line["level"] for line in _lines(path, log)] == ["debug", "info", "warn", "error", "warn", "error"]
    with pytest.raises(ValueError, match="unknown log level 'loud': it is one of debug, info, warn, error"):
        log.log("loud", "x")


def test_debug_is_silent_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    log.debug("a")
    log.log("debug", "b")
    assert _lines(path, log) == []


def test_neither_extras_nor_context_replace_a_fixed_field(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor(), correlation_id="run-1")
    set_context(level="fatal", service="other", msg="other", correlation_id="run-2", trace_id="t1", cmd="baseline")

    log.warn("real", ts="yesterday", level="fatal", trace_id="t2", cmd="stop", event="kept", _call="kept")

    (line,) = _lines(path, log)
    assert (line["level"], line["service"], line["msg"]) == ("warn", "loadgen", "real")
    assert (line["correlation_id"], line["trace_id"], line["cmd"]) == ("run-1", "t1", "stop")
    assert line["ts"] != "yesterday"
    assert (line["extra_ts"], line["extra_level"], line["extra_trace_id"]) == ("yesterday", "fatal", "t2")
    assert (line["event"], line["_call"]) == ("kept", "kept")


def test_a_bound_field_stands_in_every_line_of_that_logger_only(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    child = log.bind(worker=3)
    child.info("a")
    log.info("b")
    first, second = _lines(path, log)
    assert first["worker"] == 3
    assert "worker" not in second


async def test_tasks_do_not_share_their_context(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    set_context(cmd="baseline")

    async def work(name: str) -> None:
        set_context(trace_id=name)
        await asyncio.sleep(0)
        log.info("working", fn=name)
        clear_context()
        await asyncio.sleep(0)
        log.info("cleared", fn=name)

    await asyncio.gather(work("a"), work("b"))
    log.info("outside")

    lines = _lines(path, log)
    working = {line["fn"]: line for line in lines if line["msg"] == "working"}
    assert {name: line["trace_id"] for name, line in working.items()} == {"a": "a", "b": "b"}
    assert all(line["cmd"] == "baseline" for line in working.values())
    assert all("trace_id" not in line and "cmd" not in line for line in lines if line["msg"] == "cleared")
    assert lines[-1]["cmd"] == "baseline"
    assert "trace_id" not in lines[-1]


def test_a_context_block_restores_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    set_context(cmd="baseline")
    with context(cmd="warmup"):
        log.info("a")
    log.info("b")
    assert [line["cmd"] for line in _lines(path, log)] == ["warmup", "baseline"]


def test_secrets_are_masked_in_message_fields_context_and_traceback(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor([Secret("opensesame")]))
    set_context(user_id="opensesame")

    try:
        raise ConnectionError("redis://default:opensesame@cache refused")  # not-a-secret
    except ConnectionError:
        log.exception(
            "cannot reach https://ann:pw@host/?token=abc",
            jwt="abcdefgh",
            nested={"steps": [{"details": "Bearer abcdefgh"}]},
            both=("opensesame", 1),
        )

    (line,) = _lines(path, log)
    text = path.read_text()
    assert "opensesame" not in text
    assert line["user_id"] == "***"
    assert line["msg"] == "cannot reach https://***@host/?token=***"
    assert line["jwt"] == "***efgh"
    assert line["nested"] == {"steps": [{"details": "Bearer ***"}]}
    assert line["both"] == ["***", 1]
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ConnectionError: redis://***@cache refused")


def test_an_exception_may_be_given_instead_of_being_handled(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    error = OSError("disk")
    log.error("a", exc_info=error)
    log.error("b", exc_info=(OSError, error, None))
    log.error("c", exc_info=True)
    first, second, third = _lines(path, log)
    assert first["exception"] == second["exception"] == "OSError: disk"
    assert "exception" not in third


def test_any_value_becomes_a_line(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]

    log.info(
        "odd", big=2**70, nan=float("nan"), broken="\ud800", names={1: "a", (2, 3): "b"}, deep=deep, where=tmp_path
    )

    (line,) = _lines(path, log)
    assert line["big"] == str(2**70)
    assert line["nan"] is None
    assert line["broken"] == "\\ud800"
    assert line["names"] == {"1": "a", "(2, 3)": "b"}
    assert line["where"] == str(tmp_path)


def test_a_log_appends_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    for number in (1, 2):
        log = open_log(path, "loadgen", Redactor())
        log.info("open", number=number)
        assert log.close(10 * NS_PER_S)
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == [1, 2]


def test_a_stream_can_be_a_target_and_stays_open() -> None:
    stream = io.BytesIO()
    log = open_log(stream, "observer", Redactor())
    log.info("hello")
    assert log.flush(10 * NS_PER_S)
    assert json.loads(stream.getvalue())["service"] == "observer"
    assert log.close(10 * NS_PER_S)
    assert not stream.closed


def test_a_buffered_stream_is_written_past_its_buffer(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as stream:
        stream.write(b"before\n")
        log = open_log(stream, "observer", Redactor())
        log.info("hello")
        assert log.flush(10 * NS_PER_S)
        before, line = path.read_text().splitlines()
        assert log.close(10 * NS_PER_S)
    assert (before, json.loads(line)["msg"]) == ("before", "hello")


def test_a_frozen_reader_never_blocks_the_caller_and_the_loss_is_reported() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb", buffering=0) as stream, os.fdopen(read_end, "rb", buffering=0) as reader:
        log = open_log(stream, "loadgen", Redactor())
        filler = "x" * 1_000
        for number in range(10_500):
            log.info(filler, number=number)
        assert log.lost >= 300
        assert not log.close(20 * NS_PER_MS)

        received = bytearray()

        def drain_pipe() -> None:
            for part in iter(lambda: reader.read(65_536), b""):
                received.extend(part)

        drain = threading.Thread(target=drain_pipe)
        drain.start()
        assert log.close(30 * NS_PER_S)
        stream.close()
        drain.join(30)
    lines = [json.loads(line) for line in received.splitlines()]
    reports = [line for line in lines if "lost" in line]
    assert sum(line["lost"] for line in reports) == log.lost
    assert all(line["level"] == "warn" for line in reports)
    assert [line["number"] for line in lines if "number" in line] == list(range(10_500 - log.lost))


class _FullDisk(io.RawIOBase):
    """A file on a disk that holds so many bytes, until it is freed."""

    def __init__(self, room: int) -> None:
        self.content = bytearray()
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        taken = bytes(data)[: self.room]
        self.content += taken
        self.room -= len(taken)
        return len(taken)


def test_after_a_full_disk_the_log_goes_on_and_says_what_is_missing() -> None:
    disk = _FullDisk(room=30)
    log = open_log(disk, "loadgen", Redactor())  # type: ignore[arg-type]
    log.info("cut off")
    log.info("gone")
    assert log.flush(10 * NS_PER_S)
    assert log.lost == 2

    disk.room = 10_000
    log.info("back")
    assert log.close(10 * NS_PER_S)

    _, report, back = disk.content.decode().splitlines()
    assert json.loads(report)["msg"] == "2 log lines could not be written and are missing here"
    assert json.loads(back)["msg"] == "back"


def test_lines_of_several_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())

    def talk(number: int) -> None:
        for _ in range(50):
            log.info("x", n=number)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(line["n"] for line in _lines(path, log)) == [0] * 50 + [1] * 50 + [2] * 50 + [3] * 50


def test_an_identity_that_nobody_bound_may_come_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    log.info("of a child", trace_id="t9")

    assert _lines(path, log)[0]["trace_id"] == "t9"


def test_a_pipe_that_is_full_and_does_not_block_costs_lines_that_are_counted() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(writer, "wb", buffering=0) as target:
        log = open_log(target, "loadgen", Redactor())
        for _ in range(200):
            log.info("x" * 1_000)
        assert log.flush(10 * NS_PER_S)
        assert log.lost > 0
        log.close(10 * NS_PER_S)
    os.close(reader)


def test_a_number_beyond_64_bits_and_one_beside_it_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    log = open_log(path, "loadgen", Redactor())
    log.info("numbers", huge=2**70, usual=7)

    (line,) = _lines(path, log)
    assert (line["huge"], line["usual"]) == (str(2**70), 7)


def test_a_log_says_where_it_writes(tmp_path: Path) -> None:
    log = open_log(tmp_path / "load.log", "loadgen", Redactor())
    assert "load.log" in repr(log._logger)
    log.close(10 * NS_PER_S)
