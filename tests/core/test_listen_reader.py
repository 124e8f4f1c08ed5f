"""Where own metrics go, as users write it."""

from __future__ import annotations

import pytest

from loadgen.core.listen_reader import Listen, read_listen, read_textfile


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
