"""Slack's limits are kept whatever the text, as Slack's own models of them say."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from loadgen.notify import block_kit


def accepted(blocks: list[block_kit.Block]) -> bool:
    """Say whether Slack's SDK takes the blocks; it raises for one that is too long."""
    for block in Block.parse_all([json.loads(json.dumps(block)) for block in blocks]):
        block.to_dict()
    return True


@given(st.text(max_size=9_000))
def test_a_text_of_any_length_becomes_sections_that_slack_takes(text: str) -> None:
    blocks = block_kit.sections(block_kit.escape(text))
    assert accepted(blocks)
    assert all(0 < len(block["text"]["text"]) <= block_kit.LONGEST_SECTION for block in blocks)


def test_a_long_text_is_broken_at_line_ends_and_nothing_is_lost() -> None:
    lines = [f"line {number} " + "x" * 90 for number in range(100)]
    blocks = block_kit.sections("\n".join(lines))
    assert len(blocks) == 4
    assert "\n".join(block["text"]["text"] for block in blocks).splitlines() == lines


def test_fields_come_ten_a_section() -> None:
    blocks = block_kit.field_sections((f"title {number}", "y" * 3_000) for number in range(23))
    assert [len(block["fields"]) for block in blocks] == [10, 10, 3]
    assert {len(field["text"]) for block in blocks for field in block["fields"]} == {block_kit.LONGEST_FIELD}
    assert accepted(blocks)


def test_a_heading_is_cut_to_what_slack_takes() -> None:
    assert len(block_kit.header("z" * 500)["text"]["text"]) == 150


def test_a_message_has_at_most_fifty_blocks_and_says_what_is_gone() -> None:
    """60 went through Slack's SDK unseen; the server refuses them."""
    body = block_kit.message("text", [*block_kit.sections("one")] * 60)
    assert len(body["blocks"]) == 50
    assert body["blocks"][-1]["elements"][0]["text"] == "(+11 more blocks: see the report)"
    assert len(block_kit.message("text", [*block_kit.sections("one")] * 50)["blocks"]) == 50


def test_the_plain_text_is_always_there_and_cut_to_what_slack_shows() -> None:
    body = block_kit.message("t" * 10_000, [])
    assert len(body["text"]) == 4_000
    assert "channel" not in body


def test_a_channel_is_a_name_or_an_id() -> None:
    channels = [block_kit.message("t", [], name)["channel"] for name in ("alerts", "#alerts", "C024BE91L")]
    assert channels == ["#alerts", "#alerts", "C024BE91L"]


def test_nobody_is_mentioned_by_a_text_of_others() -> None:
    assert block_kit.escape("<!channel> & <@U1>\x07") == "&lt;!channel&gt; &amp; &lt;@U1&gt; "
