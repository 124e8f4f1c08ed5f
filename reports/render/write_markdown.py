"""Sections as markdown that also reads well as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.render import markdown
from reports.render.blocks import Badge, Items, Paragraph, Table, Ticks, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.render.blocks import Block, Cell, Head, Section, Verbatim

_BADGES = {Tone.NONE: "{}", Tone.GOOD: "{}", Tone.LOOK: "⚠️ {}", Tone.BAD: "❌ **{}**"}


def write_head(head: Head) -> list[str]:
    """Return the top of a report, its verdict first."""
    return [
        f"# {_inline(head.title)}",
        "",
        f"## {head.sign} Overall Verdict: {_inline(head.verdict.text)}",
        "",
        *markdown.bullets(_inline(reason) for reason in head.reasons),
        *(f"> **{_inline(banner)}**\n" for banner in head.banners),
        *(f"**{name}:** {_inline(value)}  " for name, value in head.facts),
        "",
    ]


def write_sections(sections: Iterable[Section]) -> list[str]:
    """Return the lines of sections, each with its heading."""
    return [line for section in sections for line in _section(section)]


def _section(section: Section) -> list[str]:
    return [f"## {section.title}", "", *(line for block in section.blocks for line in _block(block))]


def _block(block: Block) -> list[str]:
    if isinstance(block, Table):
        rows = ([_cell(cell) for cell in row] for row in block.rows)
        return markdown.table(block.headers, rows, right=sorted(block.right))
    if isinstance(block, Items):
        marks = (f"{at}." if block.numbered else "-" for at, _ in enumerate(block.texts, 1))
        return [*(f"{mark} {_inline(text)}" for mark, text in zip(marks, block.texts, strict=True)), ""]
    if isinstance(block, Ticks):
        return [*(f"- [{'x' if done else ' '}] {_inline(text)}" for done, text in block.texts), ""]
    if isinstance(block, Paragraph):
        *before, last = block.lines
        return [*(_inline(line) + "  " for line in before), _inline(last), ""]
    return _verbatim(block)


def _verbatim(block: Verbatim) -> list[str]:
    lines = block.text.replace("```", "'''").splitlines()
    return ["```text", *("".join(char if char.isprintable() else " " for char in line) for line in lines), "```", ""]


def _cell(cell: Cell) -> str:
    return _BADGES[cell.tone].format(_inline(cell.text)) if isinstance(cell, Badge) else _inline(cell)


def _inline(text: str) -> str:
    """Escape a neutral text, its code kept: within code only the bar of a table would break anything."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return markdown.plain(text)
    return "".join(
        f"`{part.replace('|', chr(92) + '|')}`" if at % 2 else markdown.escaped(part) for at, part in enumerate(parts)
    )
