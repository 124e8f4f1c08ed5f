from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.plan.imports.curl import from_curl

if TYPE_CHECKING:
    from loadgen.plan.imports.model import FoundRequest


def no_file(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", name)


def only(text: str) -> FoundRequest:
    (request,) = from_curl(text, {"body.json": b'{"a":\n1}'}.__getitem__).requests
    return request


def test_a_command_copied_from_a_browser_is_taken_over() -> None:
    request = only(
        "curl 'https://shop.example/api/items?page=2' \\\n"
        "  -H 'accept: application/json' \\\n"
        "  -H 'Connection: keep-alive' \\\n"
        "  -H 'if-none-match: \"abc\"' \\\n"
        '  --data-raw $\'{"name":"it\\\'s"}\' \\\n'
        "  --compressed"
    )

    assert request.method == "POST"
    assert (request.origin, request.place) == ("https://shop.example", "/api/items?page=2")
    assert request.body == '{"name":"it\'s"}'
    assert request.headers == (
        ("accept", "application/json"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    )


@pytest.mark.parametrize(
    ("options", "method", "place", "body"),
    [
        ("", "GET", "/x", ""),
        ("-I", "HEAD", "/x", ""),
        ("-XDELETE", "DELETE", "/x", ""),
        ("-sSX PUT -d a=1 -d b=2", "PUT", "/x", "a=1&b=2"),
        ("-G -d a=1 --data-urlencode 'q=a b'", "GET", "/x?a=1&q=a%20b", ""),
        ("-d @body.json", "POST", "/x", '{"a":1}'),
        ("--data-binary @body.json", "POST", "/x", '{"a":\n1}'),
        ("--json @body.json", "POST", "/x", '{"a":\n1}'),
        ("--data-urlencode name@body.json", "POST", "/x", "name=%7B%22a%22%3A%0A1%7D"),
        ("--data-urlencode '=a&b'", "POST", "/x", "a%26b"),
        ("--request=PATCH", "PATCH", "/x", ""),
        ("-o /dev/null -w '%{http_code}' -v", "GET", "/x", ""),
    ],
)
def test_options_shape_the_request_as_in_curl(options: str, method: str, place: str, body: str) -> None:
    request = only(f"curl {options} http://h/x")
    assert (request.method, request.place, request.body) == (method, place, body)


def test_credentials_and_names_become_headers() -> None:
    request = only("curl -u ada:secret -A probe/1 -e http://h/ -b 'sid=1' http://h/")
    assert request.headers == (
        ("Authorization", "Basic YWRhOnNlY3JldA=="),
        ("User-Agent", "probe/1"),
        ("Referer", "http://h/"),
        ("Cookie", "sid=1"),
    )


def test_equal_commands_become_one_with_a_weight() -> None:
    found = from_curl("curl h/a\ncurl h/b\ncurl http://h/a", no_file)
    assert [(one.url, one.weight) for one in found.requests] == [("http://h/a", 2), ("http://h/b", 1)]


def test_settings_of_the_connection_go_to_the_top_of_the_plan() -> None:
    found = from_curl("curl -m 3 --cacert ca.pem --resolve h:443:127.0.0.1 -4 https://h/", no_file)
    assert found.settings == {"timeout": "3s", "cacert": "ca.pem", "resolve": "h:443:127.0.0.1", "family": "ipv4"}


def test_what_is_left_away_is_said() -> None:
    found = from_curl("curl -L -k --http2 https://h/", no_file)
    assert [note.partition(": ")[2].partition(" is ")[0] for note in found.notes] == [
        "--location",
        "--insecure",
        "--http2",
    ]


def test_everything_that_cannot_be_taken_over_is_one_message() -> None:
    with pytest.raises(InputError) as raised:
        from_curl("curl -F a=@b -d @nowhere h/ftp ftp://h/\nwget x\ncurl -m 1 h\ncurl -m 2 h\ncurl", no_file)

    message = str(raised.value)
    for part in (
        "command 1: --form = 'a=@b': is not taken over",
        "command 1: data = '@nowhere': cannot be read: No such file or directory",
        "command 1: URL = 'ftp://h/': is not an http or https URL",
        "command 2 = 'wget': is not curl",
        "command 4: timeout: differs from an earlier command",
        "command 5: URL: there is none",
    ):
        assert part in message


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(InputError, match="there is no command in it"):
        from_curl("# nothing\n", no_file)
