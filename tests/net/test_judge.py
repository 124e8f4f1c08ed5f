"""Decoding bodies: what a hostile or a broken one may cost, and how it ends."""

from __future__ import annotations

import gzip
import random
import zlib
from typing import Any

import pytest

from loadgen.net.judge import MOST_BODY, UnreadableBodyError, decoded

NOISE = random.Random(1).randbytes(10_000)


@pytest.mark.parametrize("plain", [b"", b"a", NOISE, NOISE[:4_068], b"a" * MOST_BODY])
def test_a_body_is_decoded_whatever_its_length(plain: bytes) -> None:
    raw = zlib.compressobj(wbits=-15)

    assert decoded(gzip.compress(plain), b"gzip") == plain
    assert decoded(zlib.compress(plain), b"deflate") == plain
    assert decoded(raw.compress(plain) + raw.flush(), b"deflate") == plain
    assert decoded(gzip.compress(zlib.compress(plain)), b"deflate, gzip") == plain


def test_a_body_of_many_members_is_not_read_again_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 members of 21 bytes: given all the rest each time, the inflaters would see 42 MB."""
    seen = []
    real = zlib.decompressobj

    class Inflater:
        def __init__(self, bits: int) -> None:
            self._real: Any = real(bits)

        def decompress(self, data: bytes, most: int) -> bytes:
            seen.append(len(data))
            return bytes(self._real.decompress(data, most))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    body = gzip.compress(b"x") * 2_000
    monkeypatch.setattr(zlib, "decompressobj", Inflater)

    assert decoded(body, b"gzip") == b"x" * 2_000
    assert max(seen) <= 4_096


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        (gzip.compress(NOISE)[:-1], UnreadableBodyError, "cut off"),
        (gzip.compress(b"a") + b"\x1f", UnreadableBodyError, "cut off"),
        (gzip.compress(b"a") + b"rest", UnreadableBodyError, "incorrect header"),
        (gzip.compress(b"a" * (MOST_BODY + 1)), OverflowError, "too long"),
        (gzip.compress(b"a" * MOST_BODY) + gzip.compress(b"b"), OverflowError, "too long"),
        (gzip.compress(bytes(100 * MOST_BODY)), OverflowError, "too long"),
    ],
    ids=[
        "cut off",
        "cut off in the second",
        "followed by another text",
        "too long",
        "too long with the second",
        "a bomb",
    ],
)
def test_a_body_that_is_cut_off_foreign_or_too_long_says_so(body: bytes, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        decoded(body, b"gzip")
