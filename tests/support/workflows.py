"""The workflows of this repository, read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / ".github" / "workflows"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job: what it runs, or the action that it uses."""

    job: str
    number: int
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.body.get("name") or self.body.get("uses") or self.run.strip())

    @property
    def run(self) -> str:
        return str(self.body.get("run", ""))

    @property
    def uses(self) -> str:
        return str(self.body.get("uses", ""))


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file; `triggers` is what stands below `on`."""

    name: str
    text: str
    body: dict[str, Any]
    triggers: dict[str, Any]

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        return dict(self.body["jobs"])

    @property
    def steps(self) -> list[Step]:
        return [
            Step(job, number, step)
            for job, body in self.jobs.items()
            for number, step in enumerate(body.get("steps", ()), 1)
        ]

    @property
    def crons(self) -> list[str]:
        return [entry["cron"] for entry in self.triggers.get("schedule") or ()]


def read_workflow(path: Path) -> Workflow:
    """Read one workflow file; YAML takes the key `on` for a truth value."""
    text = path.read_text(encoding="utf-8")
    body = yaml.safe_load(text)
    return Workflow(path.stem, text, body, body.get(True) or {})


def workflows() -> dict[str, Workflow]:
    """Return every workflow by the name of its file."""
    return {path.stem: read_workflow(path) for path in sorted(DIRECTORY.glob("*.yml"))}
