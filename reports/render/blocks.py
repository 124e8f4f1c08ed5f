"""A report before it is markdown or HTML: sections of tables, lists and paragraphs.

Laws: every text here is neutral: backquotes delimit code, nothing else in it has a meaning, and each writer escapes for
its own language. Every text from a run passes `plain` or `code`, so nothing in a run directory can change the layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Tone(Enum):
    """What a badge wants of its reader: nothing, nothing because all is well, a look, or action."""

    NONE = "none"
    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a tone, such as the result of a check."""

    text: str
    tone: Tone = Tone.NONE


Cell: TypeAlias = str | Badge


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below headers; the columns in `right` hold figures."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Items:
    """A list, numbered where the order matters."""

    texts: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Ticks:
    """A checklist: each text with whether it is done."""

    texts: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text to be copied as it stands, such as a commit message."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand below one another."""

    lines: tuple[str, ...]


Block: TypeAlias = Table | Items | Ticks | Verbatim | Paragraph


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def key(self) -> str:
        """The section's id in a page."""
        words = "".join(char if char.isalnum() else " " for char in self.title.lower()).split()
        return "-".join(words)


@dataclass(frozen=True, slots=True)
class Head:
    """The top of a report: what it is about, its verdict with the reasons, and the facts beside them."""

    title: str
    verdict: Badge
    sign: str
    reasons: tuple[str, ...]
    banners: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def plain(text: str) -> str:
    """Return a text that stands as it is in a cell or a bullet: one line, no code.

    >>> plain("a`b`\\n<c>")
    "a'b' <c>"
    """
    return one_line(text).replace("`", "'")


def prose(text: str) -> str:
    """Return a sentence of our own with its inline code kept."""
    return one_line(text)


def code(text: str) -> str:
    """Return a text as inline code, `NA` for an empty one."""
    line = plain(text)
    return f"`{line}`" if line else "NA"


def one_line(text: str) -> str:
    """Return a text without line ends and other characters that cannot be printed."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def table(headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Iterable[int] = ()) -> list[Block]:
    """Return a table; without rows there is none."""
    cells = tuple(tuple(row) for row in rows)
    return [Table(tuple(headers), cells, frozenset(right))] if cells else []


def bullets(items: Iterable[str]) -> list[Block]:
    """Return a list; nothing for nothing."""
    texts = tuple(items)
    return [Items(texts)] if texts else []


def numbered(items: Iterable[str]) -> list[Block]:
    """Return a list in order; nothing for nothing."""
    texts = tuple(items)
    return [Items(texts, numbered=True)] if texts else []


def paragraph(*lines: str) -> list[Block]:
    """Return lines that stand below one another; nothing for nothing."""
    return [Paragraph(lines)] if lines else []


def section(title: str, *parts: Iterable[Block]) -> list[Section]:
    """Return a heading with its blocks; no block, no heading."""
    blocks = tuple(block for part in parts for block in part)
    return [Section(title, blocks)] if blocks else []
