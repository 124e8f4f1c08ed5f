"""The closed set of outcomes is complete and consistent."""

from __future__ import annotations

from loadgen.core.outcome import DROPPED_LABELS, FAILED_LABELS, OWN_FAULT_LABELS, Blame, Outcome


def test_every_outcome_is_done_failed_dropped_or_cut_off() -> None:
    labels = {"ok", "aborted", *FAILED_LABELS, *DROPPED_LABELS}
    assert labels == {outcome.label for outcome in Outcome}
    assert not set(FAILED_LABELS) & set(DROPPED_LABELS)


def test_every_outcome_explains_itself() -> None:
    assert all(outcome.text for outcome in Outcome)


def test_only_endings_before_the_bytes_were_written_are_dropped() -> None:
    assert {outcome.label for outcome in Outcome if not outcome.sent} == set(DROPPED_LABELS)


def test_errors_of_our_own_host_are_never_held_against_the_target() -> None:
    assert {"dropped_missed", "no_descriptor", "no_port"} == OWN_FAULT_LABELS
    assert Outcome.ABORTED.blame is Blame.NOBODY
