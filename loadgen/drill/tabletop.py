"""Tabletop drills: six phases with the minutes each may take, what to do in each, and which criteria it decides.

Pure: what is asked, in which order, and what an alert and a signal are called in which drill.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: `asks` are the criteria that are decided at its end; `steps` may name fields of a Scenario."""

    key: str
    title: str
    minutes: int
    steps: tuple[str, ...]
    asks: tuple[str, ...] = ()


PHASES = (
    Phase(
        "inject",
        "Inject the signal",
        5,
        ("Facilitator: {inject}.", "Write down the time. Say nothing to the one on call."),
    ),
    Phase(
        "alert",
        "The alert arrives",
        2,
        (
            "On call: wait for {first} in your usual channel, and acknowledge it there.",
            "Read the message: does it name the figure, the traffic and the runbook?",
        ),
        ("fires", "channel", "runbook"),
    ),
    Phase(
        "triage",
        "Triage on the dashboard",
        5,
        (
            "On call: follow the triage of {runbook} from its first line on.",
            "Find the figure and the traffic on one dashboard, and say whether the signal is real or synthetic.",
        ),
        ("dashboard",),
    ),
    Phase(
        "mitigation",
        "Decide on a mitigation",
        3,
        ("On call: say which mitigation of {runbook} you would use, and why. In a drill, do not use it: {decide}.",),
    ),
    Phase(
        "inhibition",
        "A worse alert comes on top",
        5,
        ("Facilitator: {worsen}.", "On call: look at Alertmanager: {second} is active and {first} is suppressed."),
        ("inhibition",),
    ),
    Phase(
        "resolution",
        "Stop the signal and close",
        3,
        ("Facilitator: stop every signal and note the time.", "On call: wait until the channel says resolved."),
        ("resolves",),
    ),
)
MINUTES = sum(phase.minutes for phase in PHASES)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One drill: what is injected and made worse, which alerts that raises, and which runbook they name."""

    number: str
    title: str
    inject: str
    worsen: str
    first: str
    second: str
    runbook: str
    decide: str

    def step(self, text: str) -> str:
        """Return a step of a phase with this drill's names."""
        return text.format(
            inject=self.inject, worsen=self.worsen, first=self.first, second=self.second, runbook=self.runbook,
            decide=self.decide,
        )  # fmt: skip


_DRILLS = (
    Scenario(
        "01",
        "Error rate warning",
        "start the synthetic scenario error-rate-warn (2 % of the requests fail)",
        "start error-rate-crit (6 %) while the warning stands",
        "RelayErrorRateWarn",
        "RelayErrorRateCrit",
        "docs/runbooks/SYNTHETIC.md",
        "record who would stop the run and with which command",
    ),
    Scenario(
        "02",
        "Latency critical, with a rollback",
        "start the synthetic scenario error-rate-warn as the milder alert",
        "start latency-crit (p95 above 2 s)",
        "RelayErrorRateWarn",
        "RelayLatencyP95Crit",
        "docs/runbooks/LATENCY.md",
        "record the rate you would go back to and how you would know that it helped",
    ),
    Scenario(
        "03",
        "Controller stalled",
        "stop the synthetic decisions (scenario controller-stalled)",
        "start error-rate-crit while nothing decides",
        "RelayControllerStalled",
        "RelayErrorRateCrit",
        "docs/runbooks/METRICS_STALLED.md",
        "record who restarts what, and how you would see that decisions are made again",
    ),
    Scenario(
        "04",
        "Metrics missing",
        "start error-rate-warn, so that an alert stands",
        "stop the scrape of the service, so that the sentinel for missing metrics fires",
        "RelayErrorRateWarn",
        "the sentinel for missing metrics",
        "docs/runbooks/METRICS_STALLED.md",
        "record which alerts you would distrust while the service is unseen",
    ),
)
DRILLS = {drill.number: drill for drill in _DRILLS}
