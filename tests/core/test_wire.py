"""The link loses nothing silently."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.messages import ALL, Lease, Log, Message, Start, Tick, from_body
from loadgen.core.wire import MAX_LINE_BYTES, Decoder, Encoder, WireError


def _lines(*messages: Message) -> bytes:
    encoder = Encoder(3)
    return b"".join(encoder.encode(message) for message in messages)


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=20), st.data())
def test_messages_survive_any_cut_of_the_bytes(instants: list[int], data: st.DataObject) -> None:
    sent = [Lease(instant) for instant in instants]
    stream = _lines(*sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    decoder = Decoder()
    received = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[begin:end])
    assert [envelope.message for envelope in received] == sent
    assert [envelope.seq for envelope in received] == list(range(len(sent)))
    assert not decoder.incomplete


def test_a_gap_in_the_sequence_is_an_error() -> None:
    first, second, third = (Encoder(0) for _ in range(3))
    lines = [first.encode(Start(1))]
    second.encode(Start(1))
    second.encode(Start(2))
    lines.append(second.encode(Start(3)))
    del third
    with pytest.raises(WireError, match="message 2 from child 0, expected 1: messages were lost"):
        Decoder().feed(b"".join(lines))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"garbage\n", "is not a message"),
        (b"[]\n", "is not a message"),
        (b'{"v":1,"type":"start"}\n', "is not a message"),
        (b'{"v":2,"type":"start","worker":0,"seq":0,"body":{"t0_ns":1}}\n', "message version 2, expected 1"),
        (b'{"v":1,"type":"dance","worker":0,"seq":0,"body":{}}\n', "unknown message type 'dance'"),
        (b'{"v":1,"type":"start","worker":0,"seq":0,"body":{}}\n', "message 'start' does not fit"),
        (b'{"v":1,"type":"start","worker":0,"seq":0,"body":{"t0_ns":1,"x":2}}\n', "message 'start' does not fit"),
    ],
)
def test_what_is_not_a_message_is_an_error(line: bytes, message: str) -> None:
    with pytest.raises(WireError, match=message):
        Decoder().feed(line)


def test_a_line_beyond_eight_mebibytes_is_refused_on_both_sides() -> None:
    with pytest.raises(WireError, match="exceeds the limit"):
        Encoder(0).encode(Log("info", "x" * MAX_LINE_BYTES))
    with pytest.raises(WireError, match="exceeds"):
        Decoder().feed(b"x" * (MAX_LINE_BYTES + 1))


def test_a_half_received_line_is_known() -> None:
    decoder = Decoder()
    decoder.feed(_lines(Start(5))[:-4])
    assert decoder.incomplete


def _example(kind: str) -> Any:
    if "dict" in kind or kind.startswith("Body"):
        return {"a": 1}
    if "list" in kind:
        return ["a"]
    return {"int": 7, "str": "text", "bool": True, "float": 0.5}[kind.partition(" ")[0]]


@pytest.mark.parametrize("message_type", ALL, ids=lambda message_type: message_type.type)
def test_every_message_travels_and_comes_back_equal(message_type: type[Message]) -> None:
    message = message_type(**{item.name: _example(str(item.type)) for item in fields(message_type)})
    body = orjson.loads(orjson.dumps(message.to_body()))
    assert from_body(message_type.type, body) == message


def test_a_tick_keeps_its_failure_classes() -> None:
    tick = Tick(1, 10, 9, 7, {"http_5xx": 2}, {"dropped_late": 1}, 0, 0, 0, 2)
    assert Decoder().feed(_lines(tick))[0].message == tick
