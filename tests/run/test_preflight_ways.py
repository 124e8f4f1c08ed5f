"""Preflight's requests go the plan's way: by its proxy, to its socket, under its name, with its certificate."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from loadgen.run.preflight_target import target_checks
from tests.support.authority import self_signed, server_context
from tests.support.checks import lines, planned
from tests.support.proxy import ConnectProxy
from tests.support.servers import OK, FaultServer, answering, refusing_port

if TYPE_CHECKING:
    from collections.abc import Mapping

WELL = ["PASS health: 200", "PASS endpoint /: 200; 2xx is expected"]


async def checked(flags: Mapping[str, object]) -> list[str]:
    _, plan = planned(flags, profile="dev")
    checks, _ = await target_checks(plan, allow_degraded=False)
    return lines(checks)


async def test_http_goes_by_the_proxy_with_its_credentials() -> None:
    with FaultServer(answering(OK)) as server, ConnectProxy(wants="Basic dTpw") as proxy:
        found = await checked({"base_url": server.url, "proxy": proxy.url.replace("//", "//u:p@")})

    assert found == WELL
    assert sorted(proxy.asked) == [f"GET {server.url} HTTP/1.1", f"GET {server.url}health HTTP/1.1"]


async def test_https_goes_through_a_tunnel(tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "service.test", "DNS:service.test")
    with (
        FaultServer(answering(OK), server_context(pem, key)) as server,
        ConnectProxy(reach=("127.0.0.1", server.port)) as proxy,
    ):
        found = await checked({"base_url": "https://service.test/", "proxy": proxy.url, "cacert": str(pem)})

    assert found == WELL
    assert set(proxy.asked) == {"CONNECT service.test:443 HTTP/1.1"}


async def test_a_proxy_that_refuses_or_is_not_there_is_named() -> None:
    refusal = "the proxy refuses (502 No): check --proxy and its user and password"
    with ConnectProxy(refusal=b"HTTP/1.1 502 No\r\n\r\n") as proxy:
        found = await checked({"base_url": "https://service.test/", "proxy": proxy.url})
    assert found == [f"FAIL health: {refusal}", f"FAIL endpoint /: {refusal}"]

    with refusing_port() as port:
        missing = await checked({"base_url": "http://service.test/", "proxy": f"http://127.0.0.1:{port}"})
    assert missing[0] == "FAIL health: cannot connect to the proxy (Connection refused): check --proxy"


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
async def test_a_socket_takes_the_place_of_every_address(tmp_path: Path, secure: bool) -> None:
    pem, key = self_signed(tmp_path, "service.test", "DNS:service.test")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        with FaultServer(answering(OK), server_context(pem, key) if secure else None, at=path):
            scheme = "https" if secure else "http"
            found = await checked(
                {"base_url": f"{scheme}://service.test/", "unix_socket": str(path), "cacert": str(pem)}
            )

    assert found == WELL


async def test_our_certificate_and_another_name_are_used(tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "inner.test", "DNS:inner.test")
    client, secret = self_signed(tmp_path, "client", password="open sesame")
    (tmp_path / "password").write_text("open sesame")
    with FaultServer(answering(OK), server_context(pem, key, clients=client)) as server:
        flags = {"base_url": server.url, "cacert": str(pem), "sni": "inner.test"}
        ours = {"cert": str(client), "key": str(secret), "key_password_file": str(tmp_path / "password")}
        assert await checked({**flags, **ours}) == WELL
        assert (await checked(flags))[0].startswith("FAIL health: ")
