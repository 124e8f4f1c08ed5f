"""Run the steps of workflows here: `python -m tests.support.local_workflows [NAME[/JOB]…]`, which is `make workflows`.

What a step runs is run in a clone of what is committed, with this tree's programs, in the order and under the
conditions that the workflow states; what an action does (check-out, upload, pull request) is told and left out. The
service is the demo service, the windows are short, and the history of thirteen good nights stands there already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import utc_now
from tests.support.expressions import Expression, fill, truth
from tests.support.nightlies import validation, write
from tests.support.processes import DEMO_MIX, clean_environment, service
from tests.support.workflows import ROOT, Step, Workflow, workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

USUAL = ("nightly", "baseline-rotation", "thresholds", "staging")
GOOD_NIGHTS = 13
PLAN = "nightly.toml"
_NONE = Workflow("", "", {"jobs": {}}, {})
_OLD_S = 1_000_000_000
_LONGEST_STEP_S = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended: its exit code, None for one that was left out, and why."""

    workflow: str
    step: Step
    code: int | None
    told: str = ""
    output: str = ""

    def __str__(self) -> str:
        ended = "left out" if self.code is None else f"exit {self.code}"
        return f"{self.workflow}/{self.step.job}: {self.step.name}: {ended}{f', {self.told}' if self.told else ''}"


@dataclass(slots=True)
class Runner:
    """Runs workflows in a clone; `variables` and `inputs` are those of the repository and of the dispatch."""

    clone: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    event: str = "workflow_dispatch"
    say: Callable[[str], None] = print

    def run(self, workflow: Workflow, only: str = "") -> list[Outcome]:
        """Run a workflow's jobs one after another, each after those it needs; or `only` one of those that need none."""
        outcomes: list[Outcome] = []
        needs: dict[str, Any] = {}
        for name, job in _in_order({only: workflow.jobs[only]} if only else workflow.jobs):
            own = {needed: needs[needed] for needed in _needed(job)}
            state = _State(self, workflow, name, own)
            failed = any(item["result"] != "success" for item in own.values())
            if state.holds(job.get("if"), failed=failed):
                outcomes += state.steps(job)
                result = "failure" if state.failed else "success"
            else:
                result = "skipped"
            outputs = {key: fill(text, state.context, state.functions) for key, text in job.get("outputs", {}).items()}
            needs[name] = {"result": result, "outputs": outputs}
        return outcomes


class _State:
    """One job under way."""

    def __init__(self, runner: Runner, workflow: Workflow, job: str, needs: dict[str, Any]) -> None:
        self._runner = runner
        self._workflow = workflow
        self._job = job
        self.failed = False
        self.context: dict[str, Any] = {
            "vars": dict(runner.variables), "inputs": dict(runner.inputs), "needs": needs, "steps": {}, "secrets": {},
            "github": {"event_name": runner.event, "ref": "refs/heads/main"}, "matrix": {}, "env": {},
        }  # fmt: skip
        self.functions: dict[str, Callable[..., Any]] = {
            "always": lambda: True, "cancelled": lambda: False, "success": lambda: not self.failed,
            "failure": lambda: self.failed,
            "hashFiles": lambda pattern: "found" if any(runner.clone.glob(pattern)) else "",
        }  # fmt: skip

    def holds(self, condition: object, *, failed: bool) -> bool:
        """Say whether a condition lets a job or step run; without a status function none runs after a failure."""
        text = "" if condition is None else str(condition).removeprefix("${{").removesuffix("}}")
        asks = any(f"{name}(" in text for name in ("always", "cancelled", "success", "failure"))
        if failed and not asks:
            return False
        return not text or truth(Expression(text, self.context, self.functions).value())

    def steps(self, job: Mapping[str, Any]) -> list[Outcome]:
        matrix = job.get("strategy", {}).get("matrix", {})
        self.context["matrix"] = {key: values[0] for key, values in matrix.items()}
        self.context["env"] = self._filled(self._workflow.body.get("env")) | self._filled(job.get("env"))
        outcomes = []
        for number, body in enumerate(job["steps"], 1):
            outcome = self._step(Step(self._job, number, body))
            self._runner.say(str(outcome))
            outcomes.append(outcome)
        return outcomes

    def _step(self, step: Step) -> Outcome:
        name = self._workflow.name
        if not self.holds(step.body.get("if"), failed=self.failed):
            self._note(step, "skipped", {})
            return Outcome(name, step, None, "its condition does not hold")
        if step.uses:
            self._note(step, "success", {"artifact-id": "here"})
            return Outcome(name, step, None, "an action")
        code, output, outputs = self._start(step)
        self.failed = self.failed or code != 0
        self._note(step, "success" if code == 0 else "failure", outputs)
        return Outcome(name, step, code, output=output)

    def _start(self, step: Step) -> tuple[int, str, dict[str, str]]:
        with tempfile.TemporaryDirectory() as place:
            told = Path(place) / "outputs"
            told.touch()
            environment = self.context["env"] | self._filled(step.body.get("env"))
            files = {"GITHUB_OUTPUT": str(told), "GITHUB_STEP_SUMMARY": str(Path(place) / "summary.md")}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run], cwd=self._runner.clone,
                env=clean_environment(environment | files), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=_LONGEST_STEP_S, check=False,
            )  # fmt: skip
            pairs = (line.partition("=") for line in told.read_text().splitlines())
            return done.returncode, done.stdout, {key: value for key, _, value in pairs}

    def _filled(self, environment: Mapping[str, object] | None) -> dict[str, str]:
        return {key: fill(str(text), self.context, self.functions) for key, text in (environment or {}).items()}

    def _note(self, step: Step, outcome: str, outputs: dict[str, str]) -> None:
        if "id" in step.body:
            self.context["steps"][step.body["id"]] = {"outcome": outcome, "outputs": outputs}


def _needed(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _in_order(jobs: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    left = dict(jobs)
    while left:
        name = next(name for name, job in left.items() if not set(_needed(job)) & set(left))
        yield name, left.pop(name)


@contextmanager
def clone_of_this() -> Iterator[Path]:
    """Clone what is committed, with this tree's programs and without a set-up of its own; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="workflows-") as place:
        clone = Path(place) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, env=clean_environment())
        programs = clone / ".venv"
        programs.mkdir()
        (programs / "bin").symlink_to(Path(sys.executable).parent)
        for path in (path for path in clone.rglob("*") if path.is_file() and ".git" not in path.parts):
            os.utime(path, (_OLD_S, _OLD_S), follow_symlinks=False)
        (programs / ".installed").touch()
        yield clone


def keep_good_nights(clone: Path, count: int = GOOD_NIGHTS) -> None:
    """Put so many good nights before today's into the history of the clone."""
    for back in range(1, count + 1):
        day = (utc_now() - timedelta(days=back)).date()
        write(clone / "results" / "nightly", day, validation(day))


def keep_plan(clone: Path) -> None:
    """Put the plan into the clone that gives every mandatory metric of the demo service a figure."""
    targets = (entry.rpartition(" ") for entry in DEMO_MIX)
    tables = (f'[[target]]\nurl = "{url}"\nweight = {weight or 1}\n' for weight, _, url in targets)
    (clone / PLAN).write_text("\n".join(('idle = "15s"\n[warmup]\nduration = "2s"\n', *tables)))


def variables_of(url: str) -> dict[str, str]:
    """Return the repository's variables for a demo service, with windows of some seconds."""
    return {
        "LOAD_BASE_URL": url, "METRICS_URL": f"{url}/metrics/prom", "NIGHTLY_PROFILE": "dev", "NIGHTLY_PLAN": PLAN,
        "STAGING_BASE_URL": url, "STAGING_METRICS_URL": f"{url}/metrics/prom", "STAGING_PLAN": PLAN,
        "NIGHTLY_EXERCISE": "true", "LOAD_SAMPLES": "2", "INTERVAL_SECONDS": "3", "LOAD_RATE": "40",
        "LOAD_CONCURRENCY": "4",
    }  # fmt: skip


def main(names: list[str]) -> int:
    """Run the named workflows, or the usual ones; 1 when a step failed, 2 for a name that is none."""
    known = workflows()
    asked = [(name, job) for name, _, job in (word.partition("/") for word in names or USUAL)]
    unknown = [f"{name}/{job}" for name, job in asked if job and job not in known.get(name, _NONE).jobs]
    unknown += [name for name, _ in asked if name not in known]
    if unknown:
        print(f"no such workflow: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    with clone_of_this() as clone, service("loadgen.demo") as demo:
        keep_good_nights(clone)
        keep_plan(clone)
        runner = Runner(clone, variables_of(demo.url), {"apply": True, "scenario": "mime-slow", "duration": "30s"})
        failed = [one for name, job in asked for one in runner.run(known[name], job) if one.code]
        for outcome in failed:
            print(f"\n{outcome}\n{outcome.output}")
    steps = f"{len(failed)} step{'' if len(failed) == 1 else 's'}"
    print(f"{steps} failed" if failed else "every step ended with 0")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
