"""A run outlasts its token: the command is asked again, and no file has any token."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import loadgen
from tests.support.servers import OK, FaultServer, answering

if TYPE_CHECKING:
    from pathlib import Path

ISSUER = """
import json, pathlib, sys
calls = pathlib.Path("calls")
number = len(calls.read_text()) if calls.exists() else 0
calls.write_text("x" * (number + 1))
if number == 1:
    sys.exit("the vault is sealed")
print(json.dumps({"access_token": f"hunter2-hunter2-{number}", "expires_in": 2 if number == 0 else 600}))
"""


@pytest.mark.timeout(120)
def test_the_token_is_renewed_after_a_failure_and_stays_secret(tmp_path: Path) -> None:
    (tmp_path / "issuer.py").write_text(ISSUER)
    command = shlex.join([sys.executable, "issuer.py"])
    with FaultServer(answering(OK)) as server:
        ended = loadgen(
            "run", server.url, "--rate", "20", "--duration", "4s", "--warmup", "500ms", "--token-command", command,
            "--out", "kept", cwd=tmp_path,
        )  # fmt: skip

    sent = [re.search(rb"Authorization: Bearer hunter2-hunter2-(\d)\r\n", request) for request in server.requests]
    used = [int(one[1]) for one in sent if one]
    assert len(used) == len(server.requests) >= 80
    assert used == sorted(used), "a renewed token is used from then on"
    assert set(used) == {0, 2}
    metadata = json.loads((tmp_path / "kept" / "metadata.json").read_text())
    assert metadata["renewal"] == {"renewals": 1, "failures": 1}
    told, renewed = metadata["notes"]
    assert "the token could not be renewed: python" in told
    assert "ended with exit code 1: the vault is sealed; the old one is used" in told
    assert renewed == "the token was renewed after a failure" or "after its end" in renewed
    written = "".join(file.read_text() for file in (tmp_path / "kept").iterdir())
    assert "hunter2" not in written + ended.stdout + ended.stderr
