"""How a proxy, a socket, a name in TLS and a command are written."""

from __future__ import annotations

import pytest

from loadgen.core.connection_readers import read_command, read_proxy, read_server_name, read_socket_path
from loadgen.core.redact import Secret


def test_a_proxy_s_user_and_password_become_its_authorization() -> None:
    proxy = read_proxy("http://me:p%40ss@proxy.test:3128/")

    assert proxy.url == "http://proxy.test:3128/"
    assert proxy.basic == Secret("Basic bWU6cEBzcw==")
    assert "p@ss" not in repr(proxy)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://proxy.test", "a proxy is spoken to in plain HTTP: write it as http://"),
        ("http://proxy.test/path", "a proxy has no path"),
        ("http://proxy.test?x", "a proxy has no path"),
        ("proxy.test:3128", "not the URL of a proxy: write it as http://"),
        ("socks5://proxy.test", "a proxy is spoken to in plain HTTP"),
    ],
)
def test_what_is_no_http_proxy_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_proxy(text)


def test_a_socket_s_path_is_made_absolute_and_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/tmp")
    assert read_socket_path("run/api.sock") == "/tmp/run/api.sock"
    with pytest.raises(ValueError, match="at most 107 bytes"):
        read_socket_path("/" + "x" * 107)
    with pytest.raises(ValueError, match="write the path"):
        read_socket_path(" ")


def test_a_name_in_tls_is_a_host_name() -> None:
    assert read_server_name("API.Example.com.") == "api.example.com"
    for text in ("10.0.0.1", "https://x", "x:443", "", "a..b", "-x.test", "::1"):
        with pytest.raises(ValueError, match="write a host name"):
            read_server_name(text)


def test_a_command_is_words_that_a_shell_would_understand() -> None:
    assert read_command(" vault read -field=token 'a b' ") == Secret("vault read -field=token 'a b'")
    with pytest.raises(ValueError, match="not a command: No closing quotation"):
        read_command("echo 'x")
    with pytest.raises(ValueError, match="write a command"):
        read_command("  ")
