"""The nightly round: which commands run, with what, and what the night ends with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from loadgen.run.nightly import Asked, Night, Places, Step

if TYPE_CHECKING:
    from collections.abc import Mapping


def leave_run(places: Places, name: str) -> Path:
    run = places.runs / name
    run.mkdir(parents=True)
    (run / "metadata.json").write_text("{}")
    return run


class Round:
    """Starts nothing: keeps the steps, gives each its code, and leaves a validation where one would be written."""

    def __init__(
        self, tmp_path: Path, codes: Mapping[str, int] | None = None, *, baseline: bool = False, leaves: str = ""
    ) -> None:
        self.places = Places(tmp_path / "nightly", tmp_path / "baseline", tmp_path / "out")
        self.steps: list[Step] = []
        self.lines: list[str] = []
        self._codes = codes or {}
        self._leaves = leaves
        if baseline:
            self.places.baselines.mkdir()
            (self.places.baselines / "phase5-baseline-memory.json").write_text("{}")

    def start(self, step: Step) -> int:
        self.steps.append(step)
        code = self._codes.get(step.name, 0)
        if step.name == "validate" and code != 2:
            self.places.validation.write_text("{}")
        if step.name == "load" and self._leaves:
            leave_run(self.places, self._leaves)
        return code

    def night(self, **asked: object) -> ExitCode:
        return Night(Asked(self.places, **asked), self.start, self.lines.append).conduct()  # type: ignore[arg-type]

    @property
    def names(self) -> list[str]:
        return [step.name for step in self.steps]

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


def test_the_steps_run_in_their_order(tmp_path: Path) -> None:
    night = Round(tmp_path, baseline=True)
    assert night.night(service=("--demo",)) is ExitCode.OK
    assert night.names == ["validate", "regress", "stage", "trend", "suggest", "rotate"]
    validate = night.step("validate")
    assert (validate.module, validate.arguments[:2]) == ("loadgen", ("run-all", "--demo"))
    assert dict(validate.environment)["OUT_JSON"] == str(night.places.validation)
    assert night.step("stage").arguments == (
        "stage", str(night.places.validation), "--into", str(night.places.history), "--replace",
    )  # fmt: skip
    assert night.step("rotate").arguments[:2] == ("baseline", "rotate")


def test_a_finished_run_is_validated_reported_and_compared_itself(tmp_path: Path) -> None:
    night = Round(tmp_path, baseline=True)
    run = tmp_path / "phase5-prod-1"
    assert night.night(run=run) is ExitCode.OK
    assert night.names == ["validate", "report", "regress", "stage", "trend", "suggest", "rotate"]
    assert night.step("validate").arguments[:2] == ("validate", str(run))
    assert night.step("stage").arguments[1:4] == (str(night.places.validation), "--run", str(run))
    assert night.step("regress").arguments == (
        "regress", str(run), str(night.places.baselines), "--nights", str(night.places.history),
    )  # fmt: skip


def test_a_service_that_goes_on_has_its_caches_audited(tmp_path: Path) -> None:
    """A service without a cache ends the audit with 3, which is no failure of the night."""
    night = Round(tmp_path, {"cache-audit": 3})
    assert night.night(metrics_urls=("http://a/m", "http://b/m")) is ExitCode.OK
    assert night.names[:3] == ["validate", "cache-audit", "stage"]
    assert night.step("cache-audit").arguments == (
        "cache-audit", "http://a/m,http://b/m", "30", "70", "-o", str(night.places.cache_audit),
    )  # fmt: skip
    failed = Round(tmp_path, {"cache-audit": 2})
    assert failed.night(metrics_urls=("http://a/m",)) is ExitCode.USAGE


def test_without_a_baseline_nothing_is_compared_and_that_is_said(tmp_path: Path) -> None:
    night = Round(tmp_path)
    night.night()
    assert "regress" not in night.names
    assert f"regress: left out, there is no baseline in {night.places.baselines}" in night.lines


def test_a_service_that_was_not_reached_leaves_a_night_of_na(tmp_path: Path) -> None:
    night = Round(tmp_path, baseline=True)
    assert night.night(unreachable="connection refused") is ExitCode.INCOMPLETE
    assert night.names == ["stage", "trend", "suggest", "rotate"]
    assert night.step("stage").arguments[:3] == ("stage", "--unreachable", "connection refused")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ({"validate": 1}, ExitCode.NO_GO),
        ({"validate": 3}, ExitCode.INCOMPLETE),
        ({"regress": 1}, ExitCode.NO_GO),
        ({"validate": 3, "regress": 1}, ExitCode.NO_GO),
        ({"trend": 3}, ExitCode.USAGE),
        ({"suggest": 1}, ExitCode.USAGE),
        ({"rotate": 77}, ExitCode.USAGE),
        ({"validate": -9}, ExitCode.USAGE),
    ],
)
def test_the_night_ends_with_the_worst_of_its_steps(tmp_path: Path, codes: dict[str, int], code: ExitCode) -> None:
    night = Round(tmp_path, codes, baseline=True)
    assert night.night() is code
    assert night.names[-3:] == ["trend", "suggest", "rotate"], "a step that fails does not keep the later ones"


def test_a_comparison_that_cannot_tell_is_no_regression(tmp_path: Path) -> None:
    night = Round(tmp_path, {"regress": 3}, baseline=True)
    assert night.night() is ExitCode.OK
    assert "regress: exit 3 (INCOMPLETE or INCONCLUSIVE)" in night.lines


def test_without_a_validation_there_is_no_night_and_no_pass(tmp_path: Path) -> None:
    night = Round(tmp_path, {"validate": 2}, baseline=True)
    assert night.night() is ExitCode.USAGE
    assert night.names == ["validate", "trend", "suggest", "rotate"]
    assert "stage: left out, there is no validation" in night.lines


def test_the_validation_of_another_night_is_never_staged(tmp_path: Path) -> None:
    night = Round(tmp_path, {"validate": 2})
    night.places.out.mkdir()
    night.places.validation.write_text("old")
    night.night()
    assert "stage" not in night.names


def test_thresholds_of_ones_own_reach_every_step_that_judges(tmp_path: Path) -> None:
    night = Round(tmp_path)
    night.night(thresholds=Path("own.json"))
    for name in ("validate", "trend", "suggest"):
        assert night.step(name).arguments[-2:] == ("--thresholds", "own.json")


def test_a_night_with_a_load_judges_the_run_that_it_made(tmp_path: Path) -> None:
    night = Round(tmp_path, leaves="phase5-staging-20260302-020000")
    leave_run(night.places, "phase5-prod-20260301-020000")
    assert night.night(load=("--profile", "staging"), service=("--profile", "staging")) is ExitCode.OK
    assert night.names == ["load", "validate", "report", "stage", "trend", "suggest", "rotate"]
    made = str(night.places.runs / "phase5-staging-20260302-020000")
    load = night.step("load")
    assert (load.module, load.trusted) == ("loadgen", True)
    assert load.arguments == (
        "baseline", "--profile", "staging", "--results", str(night.places.runs), "--quiet",
    )  # fmt: skip
    assert night.step("validate").arguments[:2] == ("validate", made)
    assert night.step("stage").arguments[2:4] == ("--run", made)


def test_a_load_that_left_no_run_fails_the_night_which_is_judged_by_the_metrics(tmp_path: Path) -> None:
    night = Round(tmp_path, {"load": 2})
    assert night.night(load=("--demo",), service=("--demo",)) is ExitCode.USAGE
    assert night.step("validate").arguments[:2] == ("run-all", "--demo")
    assert "--run" not in night.step("stage").arguments


def test_a_tripped_breaker_is_what_the_night_ends_with(tmp_path: Path) -> None:
    night = Round(tmp_path, {"load": 4, "validate": 1}, leaves="phase5-dev-20260301-020000")
    assert night.night(load=("--demo",)) is ExitCode.BREAKER


def test_a_missing_figure_is_passed_over_where_that_was_asked_for(tmp_path: Path) -> None:
    night = Round(tmp_path)
    night.night(run=tmp_path / "phase5-prod-1", na_policy="neutral")
    at = night.step("validate").arguments.index("--na-policy")
    assert night.step("validate").arguments[at + 1] == "neutral"


@pytest.mark.parametrize("code", [0, 1, 2, 3, 77, -9])
def test_a_summary_that_does_not_arrive_never_fails_the_night(tmp_path: Path, code: int) -> None:
    night = Round(tmp_path, {"slack": code})
    run = tmp_path / "phase5-prod-1"
    assert night.night(run=run, tell=True, env_file=tmp_path / "env") is ExitCode.OK
    slack = night.step("slack")
    assert slack.trusted, "the webhook's address is a secret"
    assert slack.arguments == ("slack", str(run), "--env-file", str(tmp_path / "env"))


def test_a_night_that_was_not_reached_is_told_from_what_was_kept(tmp_path: Path) -> None:
    night = Round(tmp_path)
    night.places.history.mkdir()
    kept = night.places.history / "phase5-20260302.json"
    kept.write_text("{}")
    (night.places.history / "phase5-20260301.json").write_text("{}")
    night.night(unreachable="connection refused", tell=True)
    assert night.step("slack").arguments == ("slack", str(kept))


def test_nobody_is_told_unless_that_is_switched_on(tmp_path: Path) -> None:
    night = Round(tmp_path)
    night.night()
    assert "slack" not in night.names
