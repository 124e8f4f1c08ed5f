"""Ports that connections hold are counted by destination, those of closed connections included."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from loadgen.worker.ports import port_limit, ports_held

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:22C5 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
   1: 0100007F:9C41 0100007F:22C5 06 00000000:00000000 03:00000A2B 00000000     0        0 0 3 0
   2: 0100007F:22C5 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
   3: 0100007F:9C42 0200007F:22C5 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
"""


def test_the_busiest_destination_counts(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE)

    assert ports_held([0x22C5], [table]) == 2
    assert ports_held([0x22C5], [table, tmp_path / "none"]) == 2
    assert ports_held([80], [table]) == 0


def test_a_system_that_does_not_tell_gives_no_number(tmp_path: Path) -> None:
    assert ports_held([80], [tmp_path / "none"]) is None


def test_real_connections_are_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ours = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        held = ports_held([port])
        for sock in ours:
            sock.close()

    assert held == 3
    assert port_limit() >= 1_000
