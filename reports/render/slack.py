"""A summary for Slack: Block Kit, and the same lines as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.notify import block_kit
from loadgen.notify.block_kit import escape

if TYPE_CHECKING:
    from reports.analysis.summary import Message

TITLE = "Phase 5 SLO Validation"


def slack_text(message: Message) -> str:
    """Return the message as lines of plain text, with Slack's names for the sign."""
    sign = ":white_check_mark:" if message.well else ":warning:"
    lines = [f"{sign} {TITLE} {message.headline}", *(f"{title}: {text}" for title, text in message.lines)]
    if message.audit:
        lines += ["Cache audit:", *(f"  {line}" for line in message.audit)]
    return "\n".join(lines)


def slack_message(message: Message, channel: str = "") -> dict[str, Any]:
    """Return the body of a webhook: blocks, and the plain text for whoever does not see them."""
    sign = "✅" if message.well else "⚠️"
    markup = "\n".join(f"*{escape(title)}:* {escape(text)}" for title, text in message.lines)
    blocks = [block_kit.header(f"{sign} {TITLE}"), *block_kit.sections(escape(message.headline))]
    blocks += block_kit.sections(markup)
    if message.audit:
        blocks.append({"type": "divider"})
        for section in block_kit.sections("\n".join(escape(line) for line in message.audit)):
            text = section["text"]["text"]
            section["text"]["text"] = f"*Cache audit*\n```{block_kit.cut(text, block_kit.LONGEST_SECTION - 30)}```"
            blocks.append(section)
    return block_kit.message(escape(slack_text(message)), blocks, channel)
