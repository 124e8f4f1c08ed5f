"""The nightly round after the service was reached: load, validate, report, audit, compare, keep, look back, tell.

Laws: every step is a process and its exit code is told; a step that fails does not keep the later ones from running;
the night ends with the worst of its steps, and a night without a validation is kept as na, never as a pass. Whether a
message was delivered is no part of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, worst_exit
from loadgen.core.rundir import RunDirectory

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
    def runs(self) -> Path:
        """Where the run of a night that makes its own load goes."""
        return self.out / "runs"

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

    `load` holds the options of a baseline that is taken first and then judged as the run. `metrics_urls` are a
    service's that goes on after the validation. `unreachable` says why it could not be reached, empty where it was.
    `env_file` may hold the rules of suggestions and the address of the webhook; `tell` says to send the summary there.
    """

    places: Places
    run: Path | None = None
    load: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    metrics_urls: tuple[str, ...] = ()
    unreachable: str = ""
    thresholds: Path | None = None
    na_policy: str = "strict"
    env_file: Path | None = None
    tell: bool = False
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
            if self.asked.load:
                self._load()
            self._judge()
        self._keep()
        self._look_back()
        if self.asked.tell:
            self._tell()
        return worst_exit(self.codes)

    def _load(self) -> None:
        """Take a baseline; the rest of the night is about its run, or about the service where there is none."""
        runs = self.asked.places.runs
        before = set(finished_runs(runs))
        options = (*self.asked.load, "--results", str(runs), "--quiet")
        self._do(Step("load", "loadgen", ("baseline", *options), trusted=True, judges=True))
        made = [run for run in finished_runs(runs) if run not in before]
        if made:
            self.asked = replace(self.asked, run=made[-1])
        else:
            self.say("load: it left no run: the service is judged by its metrics alone")

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
            nights = ("--nights", str(places.history))
            arguments = ("regress", str(current), str(places.baselines), *nights)
            # a comparison that cannot tell is no regression; what it says stands in the log
            self._do(Step("regress", "reports", arguments, judges=True, harmless=(ExitCode.INCOMPLETE,)))

    def _keep(self) -> None:
        places = self.asked.places
        into = ("--into", str(places.history))
        if self.asked.unreachable:
            self._do(_reports("stage", "--unreachable", self.asked.unreachable, *into))
        elif places.validation.exists():
            run = () if self.asked.run is None else ("--run", str(self.asked.run))
            self._do(_reports("stage", str(places.validation), *run, *into, "--replace"))
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

    def _tell(self) -> None:
        places, asked = self.asked.places, self.asked
        nights = sorted(places.history.glob("phase5-*.json"))
        about = asked.run or (nights[-1] if nights else None)
        if about is None:
            self.say("slack: left out, there is no night to tell of")
            return
        files = (("--suggestions", places.suggestions), ("--cache-audit", places.cache_audit))
        given = [word for option, path in files if path.exists() for word in (option, str(path))]
        if asked.env_file is not None:
            given += ["--env-file", str(asked.env_file)]
        self._do(Step("slack", "reports", ("slack", str(about), *given), trusted=True, harmless=tuple(ExitCode)))

    def _do(self, step: Step) -> None:
        code = _known(self.start(step))
        self.say(f"{step.name}: exit {int(code)} ({code.meaning})")
        if code is not ExitCode.OK and code not in step.harmless:
            self.codes.append(code if step.judges and code in _JUDGING else ExitCode.USAGE)


def finished_runs(directory: Path) -> list[Path]:
    """Return the run directories below a directory, the oldest first: their names tell when they began."""
    found = (path for path in directory.glob("*") if RunDirectory(path).metadata.exists())
    return sorted(found, key=lambda path: path.name[-15:])


def judging_steps(asked: Asked) -> tuple[Step, ...]:
    """Return the steps that validate and report: of a finished run, or of the service as it stands."""
    places = asked.places
    limits = () if asked.thresholds is None else ("--thresholds", str(asked.thresholds))
    written = ("-o", str(places.validation), "--markdown", str(places.markdown))
    if asked.run is not None:
        report = str(asked.run / "production-report.md")
        return (
            _reports("validate", str(asked.run), *written, "--na-policy", asked.na_policy, *limits, judges=True),
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
