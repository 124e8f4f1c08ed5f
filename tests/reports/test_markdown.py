"""Tables, escapes and documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reports.render.markdown import bullets, code, document, plain, prose, section, table


def test_a_table_is_padded_for_reading_as_text() -> None:
    assert table(("Name", "N"), [("a", "1"), ("long name", "1,000")], right=(1,)) == [
        "| Name      |     N |",
        "| --------- | ----: |",
        "| a         |     1 |",
        "| long name | 1,000 |",
        "",
    ]


def test_no_rows_no_table_and_no_lines_no_heading() -> None:
    assert table(("A",), []) == []
    assert section("Title", [], []) == []
    assert bullets([]) == []


def test_a_section_ends_with_one_empty_line() -> None:
    assert section("Title", ["text"]) == ["## Title", "", "text", ""]
    assert section("Title", ["text", ""]) == ["## Title", "", "text", ""]


def test_a_document_ends_with_one_line_end() -> None:
    assert document(["# A", ""], ["b", "", ""]) == "# A\n\nb\n"


def test_texts_of_others_cannot_change_the_layout() -> None:
    assert plain("a | b\n# c <script> [x](y) `z`") == "a \\| b # c &lt;script&gt; \\[x\\](y) 'z'"
    assert code("a`b|c\nd") == "`a'b\\|c d`"
    assert code("") == "NA"


def test_prose_keeps_its_code_and_escapes_the_rest() -> None:
    assert prose("see `a|b` and <c>") == "see `a|b` and &lt;c&gt;"


@given(st.text())
def test_an_escaped_text_is_one_line_without_a_free_bar(text: str) -> None:
    for escaped in (plain(text), code(text)):
        assert escaped.splitlines() in ([], [escaped])
        assert "|" not in escaped.replace("\\|", "")
