"""A page of metrics is masked as any text is, but a harmless series is looked at once only."""

from __future__ import annotations

import pytest

from loadgen.core.redact import Redactor, Secret
from observer import masking
from observer.masking import PageMask

PAGE = """# HELP http_requests_total Authorization: Bearer abcdefgh
# TYPE http_requests_total counter
http_requests_total{status="200",uri="/a b"} 10
http_requests_total{api_key="hunter22",status="500"} 1
cache_hits_total{key_pattern="user:*"} 12345678
-----BEGIN PRIVATE KEY----- not-a-secret
MIIEvQIBADANBgkqhkiG9w0BAQEFAASC
-----END PRIVATE KEY-----
up NaN
dated_total 1 1700000000000
this is no sample at all, password: hunter22
rss_bytes +1.5e+08
"""


@pytest.mark.parametrize("text", [PAGE, PAGE.rstrip("\n"), PAGE.replace("\n", "\r\n"), "", "\n", "# EOF"])
def test_a_page_is_masked_as_any_text_is_the_first_time_and_later(text: str) -> None:
    redactor = Redactor([Secret("12345678")])
    mask = PageMask(redactor)
    for _ in range(2):
        assert mask.text(text) == redactor.text(text)


def test_a_secret_that_is_a_number_is_masked_although_its_series_was_harmless_before() -> None:
    mask = PageMask(Redactor([Secret("12345678")]))
    assert mask.text("up 1\n") == "up 1\n"
    assert mask.text("up 12345678\n") == "up ***\n"


def test_what_was_harmless_once_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def look(text: str) -> str:
        seen.append(text)
        return text

    monkeypatch.setattr(masking, "mask_shapes", look)
    mask = PageMask(Redactor())
    mask.text('a_total{x="1"} 1\na_total{x="2"} 2')
    assert seen == ['a_total{x="1"} 1', 'a_total{x="2"} 2']
    mask.text('a_total{x="1"} 7\na_total{x="2"} 8\nb 1')
    assert seen[2:] == ["b 1"]
