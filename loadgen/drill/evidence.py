"""The evidence of a drill: what was found, told as a table for people and as JSON for machines. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.drill.figure import Finding

_TIMES = ("before", "during", "after")
_HEAD = ("figure", *_TIMES, "expected", "")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a drill found.

    `lifted` says what was undone and how that was checked, `trouble` what could not be undone; `requests` counts our
    own load by outcome, `took_s` lists the lengths of the windows.
    """

    drill: str
    target: str
    incident: str
    findings: tuple[Finding, ...]
    lifted: str
    trouble: str = ""
    requests: dict[str, int] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return bool(self.findings) and all(item.passed for item in self.findings) and not self.trouble

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.OK if self.passed else ExitCode.NO_GO


def as_text(evidence: Evidence) -> str:
    """Return the table with what was done above it and the answer below."""
    rows = [(item.name, *item.shown, item.expected, "PASS" if item.passed else "FAIL") for item in evidence.findings]
    failed = sum(not item.passed for item in evidence.findings)
    answer = (
        "everything moved and came back" if not failed else f"{failed} of {len(rows)} figures did not do as expected"
    )
    requests = ", ".join(f"{number:,} {name}" for name, number in evidence.requests.items())
    lines = [
        f"drill {evidence.drill} on {evidence.target}",
        evidence.incident,
        "",
        *_aligned([_HEAD, *rows]),
        "",
        f"own load: {requests}" if requests else "own load: none",
        evidence.lifted,
        *([f"NOT UNDONE: {evidence.trouble}"] if evidence.trouble else []),
        f"{'PASS' if evidence.passed else 'FAIL'}: {answer}",
    ]
    return "\n".join(line.rstrip() for line in lines)


def as_document(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence for machines: the same findings with their values, NA as null."""
    return {
        "drill": evidence.drill,
        "target": evidence.target,
        "incident": evidence.incident,
        "passed": evidence.passed,
        "exit_code": int(evidence.exit_code),
        "figures": [
            {
                "figure": item.name,
                **dict(zip(_TIMES, item.values, strict=True)),
                "shown": dict(zip(_TIMES, item.shown, strict=True)),
                "expected": item.expected,
                "passed": item.passed,
            }
            for item in evidence.findings
        ],
        "requests": evidence.requests,
        "seconds": evidence.took_s,
        "lifted": evidence.lifted,
        "trouble": evidence.trouble,
    }


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
