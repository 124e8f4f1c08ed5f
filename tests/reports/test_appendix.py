"""Sections of a completion report."""

from __future__ import annotations

from reports.render.appendix import append_section
from tests.support.validations import AT

BODY = "# Validation\n\n## Summary\n\nAll well.\n"


def test_a_new_report_gets_its_title_and_the_section_a_date() -> None:
    assert append_section("", "run-1", AT, BODY) == (
        "# Phase 5 Completion Report\n\n## Run Artifact (2026-03-01T12:00:00.000Z)\n<!-- run run-1 -->\n\n"
        "## Validation\n\n### Summary\n\nAll well.\n"
    )


def test_a_run_that_is_there_already_changes_nothing() -> None:
    once = append_section("", "run-1", AT, BODY)
    assert append_section(once, "run-1", AT, "# Another text\n") == once


def test_sections_follow_one_another_and_what_was_there_stays() -> None:
    mine = "# My own report\n\nWritten by hand, without a line end"
    twice = append_section(append_section(mine, "run-1", AT, BODY), "run-2", AT, BODY)
    assert twice.startswith(mine + "\n\n## Run Artifact")
    assert twice.index("<!-- run run-1 -->") < twice.index("<!-- run run-2 -->")


def test_one_run_id_inside_another_is_another_run() -> None:
    text = append_section(append_section("", "run-10", AT, BODY), "run-1", AT, BODY)
    assert text.count("## Run Artifact") == 2
