"""What the verbs of `report baseline` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from loadgen.core.redact import Redactor
from reports.render.markdown import bullets, document, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.model.baseline import Entry, Kept, Slot, Turned

NOTHING = "–"


def refusal(kept: Kept) -> str:
    """Return why a run was not kept, and what can be done."""
    lines = [f"{kept.source}: not kept as a baseline:", *(f"  - {reason}" for reason in kept.objections)]
    return "\n".join([*lines, "Repeat the run, or give --force: the file will then say what spoke against it."])


def saved_lines(kept: Kept) -> str:
    """Return where a baseline was saved, or that it would be."""
    done = f"fit to be kept: {kept.source}, as" if kept.path is None else f"saved {kept.path},"
    lines = [f"{done} the baseline of {kept.impl}"]
    lines += [f"  forced although: {reason}" for reason in kept.objections]
    lines += [f"  note: {note}" for note in kept.notes]
    return "\n".join(lines)


def listing(directory: Path, entries: Sequence[Entry], slots: Sequence[Slot]) -> str:
    """Return the shelf as a table; damaged files and links that lead nowhere stand below it."""
    if not entries and not slots:
        return f"{directory}: no baselines\n"
    headers = ("File", "Status", "Cache", "Run", "Taken (UTC)", "Requests", "Links", "Remarks")
    rows = [_row(entry) for entry in entries if not entry.error]
    damaged = [f"{plain(entry.name)}: {plain(entry.error)}" for entry in entries if entry.error]
    dangling = [f"{slot.link} leads to {plain(slot.target)}, which is not there" for slot in slots if slot.dangling]
    text = document(table(headers, rows, right=(5,)), section("Damaged", bullets([*damaged, *dangling])))
    return Redactor().text(text)


def _row(entry: Entry) -> tuple[str, ...]:
    remarks = [*(f"forced: {reason}" for reason in entry.forced), *([entry.synthetic] if entry.synthetic else [])]
    return (
        entry.name,
        entry.status or NOTHING,
        plain(entry.impl),
        plain(entry.source),
        entry.taken or NOTHING,
        f"{entry.requests:,}" if entry.requests else NOTHING,
        ", ".join(entry.links) or NOTHING,
        plain("; ".join(remarks)) or NOTHING,
    )


def listing_json(entries: Sequence[Entry], slots: Sequence[Slot]) -> str:
    """Return the shelf as JSON."""
    body = {
        "baselines": [
            {
                "file": entry.name, "status": entry.status or None, "impl": entry.impl or None,
                "run": entry.source or None, "taken": entry.taken or None, "requests": entry.requests,
                "synthetic": entry.synthetic or None, "forced": list(entry.forced), "links": list(entry.links),
                "error": entry.error or None,
            }
            for entry in entries
        ],
        "links": [{"link": slot.link, "target": slot.target, "dangling": slot.dangling} for slot in slots],
    }  # fmt: skip
    return Redactor().text(orjson.dumps(body).decode()) + "\n"


def rotation_lines(turned: Turned) -> str:
    """Return the streak day by day, what was done, and a last line for automation."""
    lines = [f"{day}  pass  {file}" for day, file in turned.nights]
    lines.append(f"streak: {len(turned.nights)} of {turned.needed} days; before it: {turned.ended_by}")
    lines.append(f"the baseline now: {turned.path}" if turned.rotated else f"not rotated: {turned.why}")
    lines.append(f"baseline_rotated={'true' if turned.rotated else 'false'}")
    return Redactor().text("\n".join(lines))
