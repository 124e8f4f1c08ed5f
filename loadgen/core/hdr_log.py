"""The HdrHistogram interval log, format 1.3: one tagged histogram a line, readable by any HDR tool.

Laws: lines are `Tag=<tag>,<start s>,<length s>,<max ms>,<V2 text>`; start is relative to the BaseTime of the header;
a line is whole or it is not there for the reader, so a log cut off by kill -9 stays readable.
The writer of the `hdrhistogram` package is not used: its start line always raises and it floors the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import TextIO

_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
# the format forbids commas, blanks and line ends in a tag; the percent sign marks what was replaced
_PLAIN_IN_TAGS = ":/!#$&'()*+;<=>?@[]^_`{|}~-."


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One histogram of the log: `start_s` counts from the log's start, `tag` is a clock or `endpoint:<name>`."""

    tag: str
    start_s: float
    length_s: float
    histogram: Histogram


class HdrLogWriter:
    """Writes a log to a text stream opened by the caller, who also flushes and closes it."""

    def __init__(self, stream: TextIO, start: datetime, *, go_on: bool = False) -> None:
        """Write the header; `start` (aware) is the absolute time that every line's start counts from.

        With `go_on` the stream continues a log that has its header, with the same start.
        """
        self._stream = stream
        if go_on:
            return
        seconds = start.timestamp()
        stream.write(
            "#[Histogram log format version 1.3]\n"
            f"#[StartTime: {seconds:.3f} (seconds since epoch), {start.isoformat()}]\n"
            f"#[BaseTime: {seconds:.3f} (seconds since epoch)]\n"
            "#[MaxValueDivider: 1000000.0]\n"
            f"{_LEGEND}\n"
        )

    def write(self, tag: str, start_s: float, length_s: float, histogram: Histogram) -> None:
        """Write one histogram of the interval that begins `start_s` after the log's start, as one line."""
        max_ms = histogram.max_ns / NS_PER_MS
        self._stream.write(f"Tag={escape_tag(tag)},{start_s:.3f},{length_s:.3f},{max_ms:.3f},{histogram.encode()}\n")


def escape_tag(tag: str) -> str:
    """Return a tag without the characters that the format forbids, percent-encoded.

    >>> escape_tag("endpoint:GET /a,b")
    'endpoint:GET%20/a%2Cb'
    """
    return quote(tag, safe=_PLAIN_IN_TAGS)


def read_hdr_log(path: Path, tags: Collection[str] | None = None) -> Iterator[LogEntry]:
    """Yield the entries of a log in file order, or only those with one of `tags`: others are not even decoded.

    A last line without its line end is left out: the writer was killed. Any other line that is neither a comment nor
    the legend nor an entry raises ValueError with the line's number.
    """
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                return
            if line.startswith(("#", '"')) or line == "\n":
                continue
            if tags is not None and line.startswith("Tag=") and _tag_of(line) not in tags:
                continue
            try:
                yield _parse(line.rstrip("\n"))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error


def _tag_of(line: str) -> str:
    return unquote(line[len("Tag=") :].partition(",")[0]) if line.startswith("Tag=") else ""


def _parse(line: str) -> LogEntry:
    tag = ""
    if line.startswith("Tag="):
        tag, _, line = line[len("Tag=") :].partition(",")
    start, length, _max_ms, text = line.split(",", 3)
    return LogEntry(unquote(tag), float(start), float(length), Histogram.decode(text))
