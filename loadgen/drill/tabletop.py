"""Tabletop drills: six phases with the minutes each may take, what to do in each, and which criteria it decides.

Pure: what is asked, in which order, and what an alert and a signal are called in which drill.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from loadgen.notify.response import runbook


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
        ("Facilitator: {worsen}.", "On call: look at Alertmanager: {active} is active and {suppressed} is suppressed."),
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
    """One drill: what is injected and made worse, which alerts that raises, and which runbook the first one names."""

    number: str
    title: str
    inject: str
    worsen: str
    first: str
    active: str
    suppressed: str
    runbook: str
    decide: str

    def step(self, text: str) -> str:
        """Return a step of a phase with this drill's names."""
        return text.format(**asdict(self))


_DRILLS = (
    Scenario(
        number="01",
        title="Error rate warning",
        inject="start `loadgen drill synth error-rate-warn` (2 % fail)",
        worsen="start `loadgen drill synth error-rate-crit` (6 % fail) while the warning stands",
        first="RelayErrorRateWarn",
        active="RelayErrorRateCrit",
        suppressed="RelayErrorRateWarn",
        runbook=runbook("SYNTHETIC.md"),
        decide="record who would stop the run and with which command",
    ),
    Scenario(
        number="02",
        title="Latency critical, with a rollback",
        inject="start `loadgen drill synth latency-crit` (P95 above 2 s)",
        worsen="leave it running until the warning of latency stands as well",
        first="RelayLatencyP95Crit",
        active="RelayLatencyP95Crit",
        suppressed="RelayLatencyP95Warn",
        runbook=runbook("SYNTHETIC.md"),
        decide="record the rate or version you would go back to, and the figure that would show that it helped",
    ),
    Scenario(
        number="03",
        title="Controller stalled",
        inject="start `loadgen drill synth controller-stalled` (no decision for an hour)",
        worsen="start `loadgen drill synth error-rate-crit` (6 % fail) while nothing decides",
        first="RelayControllerStalled",
        active="RelayErrorRateCrit",
        suppressed="RelayErrorRateWarn",
        runbook=runbook("SYNTHETIC.md"),
        decide="record who restarts what, and how you would see that decisions are made again",
    ),
    Scenario(
        number="04",
        title="Metrics missing",
        inject="start `loadgen drill redis-disconnect` against the demo service",
        worsen="stop the demo service, so that its metrics are gone too",
        first="RedisFailuresRecent",
        active="ServiceDown",
        suppressed="RedisFailuresRecent",
        runbook=runbook("REDIS.md"),
        decide="record which alerts you would distrust while the service is not seen",
    ),
)
DRILLS = {drill.number: drill for drill in _DRILLS}
