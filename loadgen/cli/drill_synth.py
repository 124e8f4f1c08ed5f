"""`loadgen drill synth`: made-up figures of an action relay, for trying alert rules and whoever they wake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loadgen.core.errors import ExitCode
    from loadgen.drill.driver import Played, Stop
    from loadgen.drill.lookout import Lookout
    from loadgen.drill.scenario import Scenario
    from loadgen.drill.sink import Sink
    from loadgen.drill.synth_options import Options


@click.command()
@click.argument("scenario", required=False)
@click.option("--all", "everything", is_flag=True, help="Play the seven, one after another.")
@click.option("--sink", type=click.Choice(["demo", "pushgateway"]), default="demo", show_default=True)
@click.option("--demo-url", metavar="URL", help="A demo service that runs already; else one is started.")
@click.option(
    "--pushgateway-url",
    envvar="PUSHGATEWAY_URL",
    default="http://localhost:9091",
    metavar="URL",
    help="[PUSHGATEWAY_URL, else http://localhost:9091]",
)
@click.option("--duration", "-d", metavar="DURATION", help="[as long as its rule needs to fire]")
@click.option("--push-interval", default="10s", show_default=True, metavar="DURATION", help="Time between pushes.")
@click.option("--gap", default="10m", show_default=True, metavar="DURATION", help="Rest between two, with --all.")
@click.option("--compress", default=1, show_default=True, metavar="N", help="Divide all times, for rules with theirs.")
@click.option("--job", default="loadgen_synth", show_default=True, metavar="NAME", help="Label job of the series.")
@click.option("--instance", metavar="NAME", help="Label instance of the series.  [the scenario]")
@click.option("--prom-url", metavar="URL", help="Watch the alerts at this Prometheus; they must fire and resolve.")
@click.option("--allow-target", is_flag=True, help="Let the figures leave this machine.")
@click.option("--json", is_flag=True, help="Print what was played as JSON on stdout.")
def synth(**given: Any) -> ExitCode:
    """Play a synthetic scenario, so that its alerts fire and resolve.

    SCENARIO is error-rate-warn, error-rate-crit, latency-crit, controller-stalled, validation-spike, mime-slow or
    sanitization-spike. The figures go to the demo service, whose fault panel is set to the same, or to a Pushgateway;
    what was pushed is removed at the end, also after Ctrl-C. Every series bears synthetic="true", and no report counts
    it. Exit code 0, 1 when an alert that was watched (--prom-url) did not fire or not resolve, 2 when the sink did not
    take it or something is left there, 130 and 143 after a signal.
    """
    import asyncio
    import sys

    import orjson

    from loadgen.drill.synth_options import read_options

    options = read_options(given)
    for sentence in options.asked.too_short():
        _tell(f"note: {sentence}")
    played, code = asyncio.run(_play(options))
    if given["json"]:
        document = {"played": [item.as_json() for item in played], "exit_code": int(code)}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        _print(played)
    return code


def _print(played: Sequence[Played]) -> None:
    """Print a line for each scenario, and a table of the alerts that were watched."""
    for item in played:
        click.echo(str(item))
    rows = [(item.scenario.name, found) for item in played for found in item.sightings]
    if rows:
        click.echo(f"\n{'scenario':20} {'alert':28} {'fired after':>12} {'resolved':>10}")
    for name, found in rows:
        fired = "never" if found.fired_s is None else f"{found.fired_s:g} s"
        resolved = "" if found.fired_s is None else "never" if found.resolved_s is None else f"{found.resolved_s:+g} s"
        click.echo(f"{name:20} {found.alert:28} {fired:>12} {resolved:>10}{'' if found.expected else '  (as well)'}")


def _tell(line: str) -> None:
    click.echo(f"drill: {line}", err=True)


async def _play(options: Options) -> tuple[Sequence[Played], ExitCode]:
    """Play it, in a demo service of our own where none is named; return what was played and the exit code."""
    import os
    from contextlib import AsyncExitStack

    from loadgen.core.errors import ExitCode, worst_exit
    from loadgen.drill.driver import Stop
    from loadgen.drill.round import play_round
    from loadgen.run.demo_service import DemoService

    stop, lookout = Stop(), _lookout(options, os.environ)
    codes: list[ExitCode] = []
    with Signals(stop, codes.append):
        async with AsyncExitStack() as stack:
            url = options.url
            if url is None:
                demo = await stack.enter_async_context(DemoService(os.environ))
                url = demo.url
                _tell(f"the demo service is at {url}, its metrics at {url}/metrics/prom")
            played = await play_round(options.asked, _opener(options, url, os.environ), stop, _tell, lookout)
    for item in played:
        for sentence in item.unproven:
            _tell(f"{item.scenario.name}: {sentence}")
            codes.append(ExitCode.NO_GO)
        if item.problem:
            _tell(item.problem)
            codes.append(ExitCode.USAGE)
    return played, worst_exit(codes)


def _lookout(options: Options, environ: Mapping[str, str]) -> Lookout | None:
    from loadgen.drill.lookout import Lookout

    if options.prom_url is None:
        return None
    return Lookout(options.prom_url, options.job, environ.get("PROM_AUTH_HEADER", ""))


def _opener(options: Options, url: str, environ: Mapping[str, str]) -> Callable[[Scenario], Sink]:
    """Return what opens the sink of a scenario."""
    from loadgen.drill.demo_panel import DemoPanel
    from loadgen.drill.gateway import Pushgateway

    def open_sink(scenario: Scenario) -> Sink:
        instance = options.instance or scenario.name
        if options.sink == "pushgateway":
            return Pushgateway(url, options.job, instance, options.fresh_ns)
        labels = {"job": options.job, "instance": instance}
        return DemoPanel(url, scenario, labels, environ.get("INTERNAL_API_TOKEN"))

    return open_sink


class Signals:
    """A context manager: SIGINT, SIGTERM and SIGHUP ask for the end and leave their exit code."""

    def __init__(self, stop: Stop, note: Callable[[ExitCode], None]) -> None:
        import asyncio
        import signal

        from loadgen.core.errors import ExitCode

        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self._note = note
        self._codes = {
            signal.SIGINT: ExitCode.SIGINT,
            signal.SIGTERM: ExitCode.SIGTERM,
            signal.SIGHUP: ExitCode.SIGHUP,
        }

    def __enter__(self) -> None:
        for number, code in self._codes.items():
            self._loop.add_signal_handler(number, self._hear, code)

    def __exit__(self, *_exc: object) -> None:
        for number in self._codes:
            self._loop.remove_signal_handler(number)

    def _hear(self, code: ExitCode) -> None:
        self._note(code)
        self._stop.ask()
