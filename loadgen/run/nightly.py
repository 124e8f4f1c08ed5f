"""The nightly round after the service was reached: validate, report, audit, compare, keep, look back, rotate.

Laws: every step is a process and its exit code is told; a step that fails does not keep the later ones from running;
the night ends with the worst of its steps, and a night without a validation is kept as na, never as a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, worst_exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAST_LOOKUPS, MOST_HIT_PCT = "30", "70"
_JUDGING = frozenset(ExitCode) - {ExitCode.USAGE}


@dataclass(frozen=True, slots=True)
class Step:
    """One process: `python -m module arguments`.

    `environment` is added to its own, from which it gets credentials only with `trusted`. `judges`: its exit code is a
    verdict; otherwise any but 0 is a failure, aside from those in `harmless`.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    trusted: bool = False
    judges: bool = False
    harmless: tuple[ExitCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where a night reads and writes."""

    history: Path
    baselines: Path
    out: Path

    @property
    def validation(self) -> Path:
        return self.out / "validation.json"

    @property
    def markdown(self) -> Path:
        return self.out / "validation.md"

    @property
    def trend(self) -> Path:
        return self.out / "WEEKLY_TREND.md"

    @property
    def suggestions(self) -> Path:
        return self.out / "SLO_SUGGESTIONS.json"

    @property
    def cache_audit(self) -> Path:
        return self.out / "cache_audit.txt"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the night is about: a finished `run`, else the service that `service` (options of run-all) names.

    `metrics_urls` are a service's that goes on after the validation. `unreachable` says why it could not be reached,
    empty where it was. `env_file` may hold the rules of suggestions.
    """

    places: Places
    run: Path | None = None
    service: tuple[str, ...] = ()
    metrics_urls: tuple[str, ...] = ()
    unreachable: str = ""
    thresholds: Path | None = None
    env_file: Path | None = None
    nights: int = 7
    days: int = 30


@dataclass(slots=True)
class Night:
    """One night under way: `start` runs a step to its end, `say` tells a line."""

    asked: Asked
    start: Callable[[Step], int]
    say: Callable[[str], None]
    codes: list[ExitCode] = field(default_factory=list)

    def conduct(self) -> ExitCode:
        """Run every step and return the worst of their codes."""
        places = self.asked.places
        places.out.mkdir(parents=True, exist_ok=True)
        for old in (places.validation, places.markdown, places.cache_audit):
            old.unlink(missing_ok=True)
        if self.asked.unreachable:
            self.say(f"probe: not reached: {self.asked.unreachable}")
            self.codes.append(ExitCode.INCOMPLETE)
        else:
            self._judge()
        self._keep()
        self._look_back()
        return worst_exit(self.codes)

    def _judge(self) -> None:
        for step in judging_steps(self.asked):
            self._do(step)
        if self.asked.metrics_urls:
            self._do(_audit(self.asked))
        self._compare()

    def _compare(self) -> None:
        places = self.asked.places
        if not any(places.baselines.glob("phase5-baseline*.json")):
            self.say(f"regress: left out, there is no baseline in {places.baselines}")
        elif self.asked.run is not None or places.validation.exists():
            current = self.asked.run or places.validation
            self._do(_reports("regress", str(current), str(places.baselines), judges=True))

    def _keep(self) -> None:
        places = self.asked.places
        into = ("--into", str(places.history))
        if self.asked.unreachable:
            self._do(_reports("stage", "--unreachable", self.asked.unreachable, *into))
        elif places.validation.exists():
            self._do(_reports("stage", str(places.validation), *into, "--replace"))
        else:
            self.say("stage: left out, there is no validation")
            self.codes.append(ExitCode.USAGE)

    def _look_back(self) -> None:
        places, asked = self.asked.places, self.asked
        history = str(places.history)
        limits = () if asked.thresholds is None else ("--thresholds", str(asked.thresholds))
        rules = () if asked.env_file is None else ("--env-file", str(asked.env_file))
        page = str(places.trend.with_suffix(".html"))
        self._do(_reports("trend", history, str(places.trend), str(asked.nights), "--html", page, *limits))
        self._do(_reports("suggest", history, str(places.suggestions), str(asked.days), *limits, *rules))
        rotate = ("baseline", "rotate", "--nightly", history, "--dir", str(places.baselines))
        self._do(Step("rotate", "reports", rotate))

    def _do(self, step: Step) -> None:
        code = _known(self.start(step))
        self.say(f"{step.name}: exit {int(code)} ({code.meaning})")
        if code is not ExitCode.OK and code not in step.harmless:
            self.codes.append(code if step.judges and code in _JUDGING else ExitCode.USAGE)


def judging_steps(asked: Asked) -> tuple[Step, ...]:
    """Return the steps that validate and report: of a finished run, or of the service as it stands."""
    places = asked.places
    limits = () if asked.thresholds is None else ("--thresholds", str(asked.thresholds))
    written = ("-o", str(places.validation), "--markdown", str(places.markdown))
    if asked.run is not None:
        report = str(asked.run / "production-report.md")
        return (
            _reports("validate", str(asked.run), *written, *limits, judges=True),
            Step("report", "reports", ("production", str(asked.run), "-o", report), judges=True),
        )
    told = (("OUT_JSON", str(places.validation)), ("OUT_MD", str(places.markdown)))
    append = ("--append-to", str(places.out / "COMPLETION_REPORT.md"))
    return (
        Step("validate", "loadgen", ("run-all", *asked.service, *append, *limits), told, trusted=True, judges=True),
    )


def _audit(asked: Asked) -> Step:
    """Return the audit of the service's caches; a service without one has nothing to audit."""
    where = (",".join(asked.metrics_urls), LEAST_LOOKUPS, MOST_HIT_PCT, "-o", str(asked.places.cache_audit))
    return Step("cache-audit", "reports", ("cache-audit", *where), trusted=True, harmless=(ExitCode.INCOMPLETE,))


def _reports(verb: str, *arguments: str, judges: bool = False) -> Step:
    return Step(verb, "reports", (verb, *arguments), judges=judges)


def _known(code: int) -> ExitCode:
    try:
        return ExitCode(code)
    except ValueError:
        return ExitCode.USAGE
