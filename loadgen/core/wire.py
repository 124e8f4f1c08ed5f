"""Framing of the link between supervisor and children: one JSON object a line, at most 8 MiB.

Laws: a line is {v, type, worker, seq, body}; seq counts from 0 per sender and a gap is an error; a message that does
not decode ends the run. Pure: it turns bytes into messages and back and touches no socket.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from loadgen.core.messages import Message, from_body

VERSION = 1
MAX_LINE_BYTES = 8 * 1024 * 1024


class WireError(ValueError):
    """Bytes on the link that are not a message of ours."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and its sender: `worker` is the child's number, `seq` its running count from 0."""

    worker: int
    seq: int
    message: Message


class Encoder:
    """Turns messages into lines, numbering them; one per direction of a link."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._seq = 0

    def encode(self, message: Message) -> bytes:
        """Return the line for a message, newline included; raise WireError when it exceeds 8 MiB."""
        line = orjson.dumps(
            {"v": VERSION, "type": message.type, "worker": self._worker, "seq": self._seq, "body": message.to_body()}
        )
        if len(line) >= MAX_LINE_BYTES:
            raise WireError(f"a {message.type} message of {len(line)} bytes exceeds the limit of {MAX_LINE_BYTES}")
        self._seq += 1
        return line + b"\n"


class Decoder:
    """Turns received bytes into envelopes, in order; one per direction of a link."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._scanned = 0
        self._next_seq = 0

    def feed(self, data: bytes | bytearray | memoryview) -> list[Envelope]:
        """Take bytes of any cut and return the envelopes they complete.

        Raises WireError on a foreign version, a gap in seq, a line too long, or text that is not a message.
        """
        self._rest += data
        envelopes: list[Envelope] = []
        begin = 0
        while (end := self._rest.find(b"\n", max(begin, self._scanned))) >= 0:
            envelopes.append(self._decode(bytes(self._rest[begin:end])))
            begin = end + 1
        if begin:
            del self._rest[:begin]
        self._scanned = len(self._rest)
        if self._scanned > MAX_LINE_BYTES:
            raise WireError(f"a line on the link exceeds {MAX_LINE_BYTES} bytes")
        return envelopes

    @property
    def incomplete(self) -> bool:
        """Whether bytes of an unfinished line are held: the sender died in the middle of a message."""
        return bool(self._rest)

    def _decode(self, line: bytes) -> Envelope:
        try:
            raw = orjson.loads(line)
            version, kind, worker, seq, body = raw["v"], raw["type"], raw["worker"], raw["seq"], raw["body"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise WireError(f"a line on the link is not a message: {error}") from error
        if version != VERSION:
            raise WireError(f"message version {version!r}, expected {VERSION}")
        if seq != self._next_seq:
            raise WireError(f"message {seq} from child {worker}, expected {self._next_seq}: messages were lost")
        self._next_seq += 1
        try:
            return Envelope(worker, seq, from_body(kind, body))
        except ValueError as error:
            raise WireError(str(error)) from error
