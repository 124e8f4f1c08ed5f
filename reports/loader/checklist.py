"""Read a checklist file (TOML): answers with evidence, and drills.

Law: every problem of the file in one message; what it does not say is no answer, which is never a yes.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import InputError, Problem
from reports.model.checklist import Answer, Checklist, Drill

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = ("runbooks", "alert_routing", "dashboards")
_YES = {"yes": True, "no": False, True: True, False: False}
_KEYS = {"answer", "evidence"}
_DRILL_KEYS = {"name", "passed", "evidence"}


def read_checklist(path: Path) -> Checklist:
    """Return the checklist of a file; raise InputError with all of its problems."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError([Problem("--checklist", str(path), f"cannot be read: {error}")]) from error
    problems = [
        Problem(key, None, f"unknown: a checklist has {', '.join(QUESTIONS)} and [[drill]]")
        for key in body
        if key not in (*QUESTIONS, "drill")
    ]
    answers = {name: _answer(name, body.get(name), problems) for name in QUESTIONS}
    drills = _drills(body.get("drill", []), problems)
    if problems:
        raise InputError(problems)
    return Checklist(str(path), drills=drills, **answers)


def _answer(name: str, value: Any, problems: list[Problem]) -> Answer:
    if value is None:
        return Answer()
    if not isinstance(value, dict):
        problems.append(Problem(name, None, 'write a table: answer = "yes" or "no", evidence = "..."'))
        return Answer()
    problems += [Problem(f"{name}.{key}", None, "unknown key: remove it") for key in value if key not in _KEYS]
    answer, evidence = value.get("answer"), value.get("evidence", "")
    if answer is not None and not (isinstance(answer, bool | str) and answer in _YES):
        problems.append(Problem(f"{name}.answer", str(answer), "write yes or no"))
        answer = None
    if not isinstance(evidence, str):
        problems.append(Problem(f"{name}.evidence", None, "write a text: where a reader can convince himself"))
        evidence = ""
    return Answer(None if answer is None else _YES[answer], evidence.strip())


def _drills(value: Any, problems: list[Problem]) -> tuple[Drill, ...]:
    if not isinstance(value, list):
        problems.append(Problem("drill", None, "write [[drill]] tables with name, passed and evidence"))
        return ()
    found = []
    for number, item in enumerate(value, 1):
        place = f"drill {number}"
        if (
            not isinstance(item, dict)
            or not isinstance(item.get("name"), str)
            or not isinstance(item.get("passed"), bool)
        ):
            problems.append(Problem(place, None, "needs name (text) and passed (true or false)"))
            continue
        problems += [
            Problem(f"{place}.{key}", None, "unknown key: remove it") for key in item if key not in _DRILL_KEYS
        ]
        found.append(Drill(item["name"], item["passed"], str(item.get("evidence", "")).strip()))
    return tuple(found)
