"""Slack's Block Kit within its limits: blocks are built, cut and counted here and nowhere else.

Laws: no text, field or block beyond what Slack takes, since one too long refuses the whole message; what is cut says
so; text of others is escaped; every message has a plain text for notifications and screen readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_BLOCKS = 50
LONGEST_SECTION = 3_000
LONGEST_HEADER = 150
LONGEST_FIELD = 2_000
MOST_FIELDS = 10
LONGEST_TEXT = 4_000
"""Slack shows no more of a message's plain text."""

Block = dict[str, Any]
_CUT = "…"


def escape(text: str) -> str:
    """Escape the three characters that mean something to Slack; control characters become spaces.

    >>> escape("a < b & <!channel>")
    'a &lt; b &amp; &lt;!channel&gt;'
    """
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """Cut a text to so many characters, ending in an ellipsis when something is gone.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def header(text: str) -> Block:
    """Return a heading: plain text, so nothing needs escaping."""
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, LONGEST_HEADER), "emoji": True}}


def sections(markup: str) -> list[Block]:
    """Return a text as sections, broken at line ends where it is too long for one; nothing for an empty text."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in _parts(markup)]


def field_sections(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """Return (title, text) pairs as fields, at most ten a section; texts are escaped here."""
    fields = [
        {"type": "mrkdwn", "text": cut(f"*{escape(title)}*\n{escape(text)}", LONGEST_FIELD)} for title, text in pairs
    ]
    return [{"type": "section", "fields": fields[at : at + MOST_FIELDS]} for at in range(0, len(fields), MOST_FIELDS)]


def context(markup: str) -> Block:
    """Return a line in small grey letters."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(markup, LONGEST_SECTION)}]}


def message(text: str, blocks: Sequence[Block], channel: str = "") -> dict[str, Any]:
    """Return a whole message; blocks beyond the fiftieth give way to a line that counts them."""
    kept = list(blocks)
    if len(kept) > MOST_BLOCKS:
        gone = len(kept) - MOST_BLOCKS + 1
        kept = [*kept[: MOST_BLOCKS - 1], context(f"(+{gone} more blocks: see the report)")]
    body: dict[str, Any] = {"text": cut(text, LONGEST_TEXT), "blocks": kept}
    if channel:
        body["channel"] = channel if channel[:1] in "#@CGUD" else f"#{channel}"
    return body


def _parts(markup: str) -> list[str]:
    """Split at line ends into parts of at most the longest section; a longer line is cut."""
    parts: list[str] = []
    part = ""
    for line in markup.splitlines():
        short = cut(line, LONGEST_SECTION)
        if part and len(part) + 1 + len(short) > LONGEST_SECTION:
            parts.append(part)
            part = short
        else:
            part = f"{part}\n{short}" if part else short
    return [*parts, part] if part.strip() else parts
