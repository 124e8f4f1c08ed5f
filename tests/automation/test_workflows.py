"""The workflow files: their form by GitHub's own schema, and the rules that they keep."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click
import pytest

from loadgen.cli.main import loadgen
from loadgen.drill.scenario import NAMES
from tests.support.workflows import DIRECTORY, ROOT, Step, read_workflow, workflows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workflows import Workflow

ALL = workflows()
STEPS = [(workflow.name, step) for workflow in ALL.values() for step in workflow.steps]
ACTIONS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "peter-evans/create-pull-request": ("5f6978faf089d4d20b00c7766989d076bb2fc7f1", "v8.1.1"),
}
"""Every action that may be used, and the commit of its release."""
WRITERS = {("nightly", "propose"), ("baseline-rotation", "rotate"), ("thresholds", "apply")}
VALUES = {"$NIGHTLY_PROFILE": "staging", "$SCENARIO": "latency-crit", "$DURATION": "5m"}
"""What stands for a variable where only the form of a command is tried."""
every_workflow = pytest.mark.parametrize("workflow", ALL.values(), ids=list(ALL))


def check_schema(*files: Path | str, schema: str = "vendor.github-workflows") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def commands_of(step: Step) -> list[list[str]]:
    """Return the words of a step's command lines; a default such as ${A:+--b "$A"} stands for its words."""
    text = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", step.run)
    return [shlex.split(line.removeprefix("exec ")) for line in text.strip().splitlines()]


LOADGEN_COMMANDS = [
    pytest.param(words, id=f"{name}: {' '.join(words[1:4])}")
    for name, step in STEPS
    for words in commands_of(step)
    if words[0] == ".venv/bin/loadgen"
]


def test_the_workflows_are_those_that_the_documents_name() -> None:
    assert set(ALL) == {"ci", "nightly", "baseline-rotation", "thresholds", "alert-synth", "staging"}


def test_every_file_keeps_the_schema_of_workflows() -> None:
    done = check_schema(*sorted(DIRECTORY.glob("*.yml")))
    assert done.returncode == 0, done.stdout
    timed = check_schema(*sorted(DIRECTORY.glob("*.yml")), schema="custom.github-workflows-require-timeout")
    assert timed.returncode == 0, timed.stdout


def test_the_schema_refuses_what_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(
        (DIRECTORY / "staging.yml").read_text().replace("timeout-minutes", "time-out").replace("uses:", "use:")
    )
    done = check_schema(broken)
    assert done.returncode == 1
    assert "time-out" in done.stdout


@every_workflow
def test_an_action_is_pinned_to_the_commit_of_its_release(workflow: Workflow) -> None:
    found = re.findall(r"uses: ([\w./-]+)@(\S+)(?: # (\S+))?", workflow.text)
    assert len(found) == workflow.text.count("uses:")
    for action, commit, version in found:
        assert (commit, version) == ACTIONS[action], action
        assert re.fullmatch(r"[0-9a-f]{40}", commit)


@every_workflow
def test_reading_is_all_that_a_workflow_may_do(workflow: Workflow) -> None:
    assert workflow.body["permissions"] == {"contents": "read"}
    for name, job in workflow.jobs.items():
        if (workflow.name, name) in WRITERS:
            assert job["permissions"] == {"contents": "write", "pull-requests": "write"}
        else:
            assert "permissions" not in job


def test_a_job_that_may_write_holds_no_secret() -> None:
    for workflow, job in WRITERS:
        assert "secrets." not in str(ALL[workflow].jobs[job])


def test_a_secret_reaches_one_step_and_no_whole_job() -> None:
    for workflow in ALL.values():
        scopes = [workflow.body.get("env"), *(job.get("env") for job in workflow.jobs.values())]
        assert "secrets." not in str(scopes)
        assert all("secrets." not in step.run for step in workflow.steps)


@every_workflow
def test_nothing_runs_with_the_rights_of_this_repository_on_the_code_of_others(workflow: Workflow) -> None:
    assert set(workflow.triggers) <= {"push", "pull_request", "schedule", "workflow_dispatch"}
    for step in workflow.steps:
        if step.uses.startswith("actions/checkout"):
            assert step.body["with"] == {"persist-credentials": False}


@every_workflow
def test_no_value_is_written_into_a_script(workflow: Workflow) -> None:
    """Whoever names a branch or a duration would otherwise write commands; values come through the environment."""
    assert [step.name for step in workflow.steps if "${{" in step.run] == []
    for step in workflow.steps:
        unquoted = re.sub(r"\$\{\w+:\+[^}]*\}", "", re.sub(r'"[^"]*"', "", step.run))
        assert "$" not in unquoted, step.name


@every_workflow
def test_two_rounds_never_run_at_once_and_none_for_ever(workflow: Workflow) -> None:
    concurrency = workflow.body["concurrency"]
    assert concurrency["group"].startswith(workflow.name)
    if workflow.name != "ci":
        assert concurrency["cancel-in-progress"] is False, "a measurement under way is never cut"
    assert all(0 < job["timeout-minutes"] <= 240 for job in workflow.jobs.values())


def test_the_clocks_are_those_of_the_documents_and_none_rings_twice() -> None:
    crons = {name: workflow.crons for name, workflow in ALL.items() if workflow.crons}
    assert crons == {
        "ci": ["0 9 * * *"], "nightly": ["0 2 * * *"], "baseline-rotation": ["15 3 * * *"],
        "thresholds": ["0 4 * * 1"], "staging": ["30 4 * * 1-5"],
    }  # fmt: skip
    assert max(Counter(cron for each in crons.values() for cron in each).values()) == 1


def test_every_step_calls_make_or_loadgen_and_nothing_else() -> None:
    for workflow, step in STEPS:
        if step.run:
            (words,) = commands_of(step)
            assert words[0] in ("make", ".venv/bin/loadgen"), f"{workflow}: {step.name}"


def test_what_must_end_orderly_is_the_first_process_of_its_step() -> None:
    """A cancelled step's shell has SIGINT and keeps it; its children are killed 10 s later, with nothing undone."""
    lasting = {"baseline", "nightly", "run-all", "drill"}
    steps = [step for _, step in STEPS if step.run and commands_of(step)[0][1] in lasting]
    assert len(steps) == 6
    assert all(step.run.startswith("exec .venv/bin/loadgen ") for step in steps)


def test_the_record_of_a_cancelled_run_is_kept() -> None:
    for workflow, name in (("staging", "staging-run"), ("nightly", "nightly-report")):
        (upload,) = (step for at, step in STEPS if at == workflow and step.body.get("with", {}).get("name") == name)
        assert upload.body["if"] == "${{ always() }}"


def test_no_step_takes_an_exit_code_of_loadgen_from_make() -> None:
    """make turns every failure into 2: what decides calls loadgen itself."""
    used = {words[1] for _, step in STEPS if step.run for words in commands_of(step) if words[0] == "make"}
    assert used == {"setup", "lint", "types", "test", "ci-debian", "summary"}
    makefile = (ROOT / "Makefile").read_text()
    for target in used:
        recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)*)", makefile, re.MULTILINE)
        assert (recipe is not None) or target == "setup"
        assert recipe is None or not re.search(r"bin\)/loadgen|call loadgen", recipe[1])


@pytest.mark.parametrize("words", LOADGEN_COMMANDS)
def test_a_command_of_a_workflow_is_one_that_loadgen_understands(words: list[str]) -> None:
    command: click.Command | None = loadgen
    arguments = [VALUES.get(word, word) for word in words[1:]]
    with click.Context(loadgen) as context:
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        command.make_context("step", list(arguments), parent=context)


def test_only_a_night_of_the_service_is_kept() -> None:
    keep = next(step for step in ALL["nightly"].steps if step.body.get("id") == "keep")
    assert "vars.LOAD_BASE_URL != ''" in keep.body["if"]
    assert "!cancelled()" in keep.body["if"], "a failed night is kept too"
    assert "results/demo" not in keep.body["with"]["path"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("results/nightly/phase5-20260301.json", True), ("results/nightly-report/WEEKLY_TREND.md", True),
        ("results/nightly-report/WEEKLY_TREND.svg", True), ("results/nightly-report/SLO_SUGGESTIONS.json", True),
        ("baseline/phase5-baseline.json", True), ("results/nightly-report/runs/phase5-dev-1/metadata.json", False),
        ("results/phase5-prod-20260301-020000/raw-metrics.txt", False), ("results/demo/nightly/phase5-1.json", False),
    ],
)  # fmt: skip
def test_a_pull_request_holds_the_history_and_no_run(path: str, kept: bool) -> None:
    done = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert (done.returncode == 1) is kept


def test_what_a_job_runs_on_is_named_by_its_version() -> None:
    for workflow in ALL.values():
        for job in workflow.jobs.values():
            assert re.fullmatch(r"(\$\{\{ vars\.LOADGEN_RUNNER \|\| ')?ubuntu-\d\d\.\d\d(' \}\})?", job["runs-on"])
            assert "container" not in job


def test_thresholds_are_changed_only_by_approval() -> None:
    jobs = ALL["thresholds"].jobs
    assert jobs["apply"]["environment"] == "thresholds"
    assert [name for name, job in jobs.items() if "--apply" in str(job["steps"])] == ["apply"]
    assert "thresholds_changed" in jobs["show"]["outputs"]["changed"]


def test_ci_makes_every_check_of_the_documents_on_every_python() -> None:
    jobs = ALL["ci"].jobs
    assert jobs["tests"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    ran = " | ".join(step.run for step in ALL["ci"].steps)
    for part in (
        "make lint", "make types", "make test", "make ci-debian", "creds scan .", "preflight --scan ops",
        "preflight --scan .github", "report rules --check",
        'thresholds --check "$THRESHOLDS_FILE"', "validate results/ci/validation.json --ci",
        "make summary",
    ):  # fmt: skip
        assert part in ran
    assert jobs["validation"]["name"] == "Phase 5 PR Validation"


def test_defect_17_env_files_are_ignored_by_git() -> None:
    done = subprocess.run(
        ["git", "check-ignore", ".env.phase5", ".env.phase5.staging"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.split() == [".env.phase5", ".env.phase5.staging"]


def test_defect_21_the_workflow_of_alerts_exists_and_offers_all_seven_scenarios() -> None:
    inputs = ALL["alert-synth"].triggers["workflow_dispatch"]["inputs"]
    assert inputs["scenario"]["options"] == list(NAMES)
    assert len(NAMES) == 7
    assert inputs["duration"]["default"] == "", "5 min are too short for any of the alerts, and watched ones must fire"


def test_a_key_that_yaml_takes_for_a_truth_value_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("on:\n  push:\njobs: {}\n")
    assert read_workflow(tmp_path / "a.yml").triggers == {"push": None}
