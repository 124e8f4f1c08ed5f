"""Where own metrics go, as users write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.config import load_settings
from loadgen.core.listen_reader import Listen, read_listen, read_textfile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "listen", "shown"),
    [
        ("9464", Listen("127.0.0.1", 9464), "127.0.0.1:9464"),
        (" 0 ", Listen("127.0.0.1", 0), "127.0.0.1:0"),
        ("0.0.0.0:9464", Listen("0.0.0.0", 9464), "0.0.0.0:9464"),
        ("[::1]:80", Listen("::1", 80), "[::1]:80"),
        ("localhost:80", Listen("localhost", 80), "localhost:80"),
    ],
)
def test_a_port_alone_is_on_this_machine(text: str, listen: Listen, shown: str) -> None:
    assert read_listen(text) == listen
    assert str(listen) == shown


@pytest.mark.parametrize("text", ["", "http", ":80", "65536", "::1:80", "host:", "a b:80", "-1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a port such as 9464"):
        read_listen(text)


def test_a_collector_reads_prom_files_only() -> None:
    assert read_textfile(" /var/lib/node_exporter/loadgen.prom ") == "/var/lib/node_exporter/loadgen.prom"
    for text in ("loadgen.txt", "/somewhere/.prom", "prom"):
        with pytest.raises(ValueError, match=r"ends with \.prom"):
            read_textfile(text)


def test_each_source_of_settings_may_ask_for_own_metrics(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('self_metrics = "9464"\ntraceparent = true\ntraceparent_sampled = "1%"\n')
    by_plan = load_settings(None, {}, {}, plan_file=plan)
    by_environment = load_settings(
        None, {}, {"SELF_METRICS": "0.0.0.0:1", "METRICS_TEXTFILE": "x.prom"}, plan_file=plan
    )
    by_flag = load_settings(None, {"self_metrics": "2"}, {"SELF_METRICS": "1"})

    assert (str(by_plan.self_metrics), by_plan.traceparent, by_plan.traceparent_sampled) == (
        "127.0.0.1:9464",
        True,
        0.01,
    )
    assert (str(by_environment.self_metrics), by_environment.metrics_textfile) == ("0.0.0.0:1", "x.prom")
    assert str(by_flag.self_metrics) == "127.0.0.1:2"
    nothing = load_settings(None, {}, {})
    assert (nothing.self_metrics, nothing.metrics_textfile, nothing.traceparent) == (None, "", False)
