"""One incident as a run knows it: what is on record, and what people still have to write down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the seven stages: `known` is on record, `open` is for people to fill in."""

    title: str
    known: tuple[str, ...]
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """The skeleton; `timeline` holds (time, what happened), `evidence` the files to keep."""

    name: str
    summary: str
    response: str
    facts: tuple[tuple[str, str], ...]
    stages: tuple[Stage, ...]
    timeline: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]
