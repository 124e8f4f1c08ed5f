"""`report validate`: assert every threshold on a run, on a service as it stands, or on an earlier validation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.core.patience import timeout_option

if TYPE_CHECKING:
    from reports.verbs.validating import Judged


@click.command(short_help="Assert every threshold: pass, fail, or no figure.")
@click.argument("source", nargs=-1, metavar="[DIRECTORY|URL...|JSON]")
@click.option("--thresholds", type=click.Path(path_type=Path), help="Thresholds file instead of the one shipped.")
@click.option(
    "--na-policy",
    type=click.Choice(["strict", "neutral"]),
    default="strict",
    show_default=True,
    help="Whether an assertion without a figure keeps the validation from passing.",
)
@click.option("--environment", metavar="NAME", help="Allow latency and memory its multiplier: staging 1.2, canary 1.5.")
@click.option("--ci", is_flag=True, help="Print one line for each violation, and nothing else but the count.")
@click.option(
    "--annotations", is_flag=True, help="With --ci: GitHub annotations; so it is where GITHUB_ACTIONS is set."
)
@click.option("--json", "as_json", is_flag=True, help="Print the validation JSON.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON here.  [OUT_JSON]"
)
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write the markdown here.  [OUT_MD]")
@click.option("--metrics-auth-header", metavar="'NAME: VALUE'", help="Header of the scrape.  [METRICS_AUTH_HEADER]")
@click.option("--metrics-auth-fd", type=int, hidden=True)
@click.option("--client-latency", default="", hidden=True)
@click.option("--append-to", type=click.Path(dir_okay=False, path_type=Path), help="Append a section to this report.")
@click.option("--run-id", default="", metavar="ID", help="Name of that section; one that is there already is replaced.")
@click.option("--quiet", "-q", is_flag=True, help="Print the count alone.")
@click.option("--metric-profile", metavar="NAME|FILE", help="Which series feed which metric.  [metasheet]")
@click.option("--count-cache-miss", is_flag=True, help="Count cache misses as effective fallbacks.")
@click.option("--cacert", metavar="FILE", help="Certificate authorities to trust.")
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@timeout_option
@click.option("--profile", type=click.Choice(["dev", "staging", "production"]), help="Whose env file to read.")
@click.option("--env-file", type=click.Path(path_type=Path), help="Settings file to read.")
def validate(source: tuple[str, ...], **options: Any) -> int:
    """Assert every threshold and write validation.json: pass only when every assertion holds.

    A run directory is judged by what was measured during the run, and gets its validation.json. A URL is an exposition
    or a Prometheus server, scraped once: its figures are over the service's whole life. A validation JSON is checked
    for consistency, and judged anew with --thresholds. Without a source METRICS_URL is used, or API_BASE.

    Exit code: 0 pass, 1 an assertion failed, 3 nothing failed but figures are missing or the source is not whole, 4
    the run's breaker tripped, 5 the measurement is INVALID, 2 the source, the thresholds or a setting cannot be used.
    """
    from reports.verbs.validating import Wish, judge

    judged = judge(source, Wish(**options), os.environ)
    _write(judged, options)
    _tell(judged, options)
    return int(judged.code)


def _write(judged: Judged, options: dict[str, Any]) -> None:
    from loadgen.core.clock import utc_now
    from reports.analysis.severity import severity_of
    from reports.render.validation import validation_markdown
    from reports.render.validation_json import validation_json
    from reports.verbs.publishing import make_place, publish

    given, markdown = options["output"], options["markdown"] or judged.markdown
    for place in (given,) if given is not None else judged.places:
        make_place(place)
        publish(validation_json(judged.validation), place)
    text = validation_markdown(judged.validation, severity_of(judged.validation), utc_now())
    if markdown is not None:
        make_place(markdown)
        publish(text, markdown)
    if options["append_to"] is not None:
        _append(judged, text, options["append_to"], options["run_id"])


def _append(judged: Judged, text: str, report: Path, run_id: str) -> None:
    from loadgen.core.clock import iso_utc, utc_now
    from reports.analysis.appended import section_of_validation
    from reports.keep.document import put_section

    name = run_id or judged.validation.configuration.source or iso_utc(judged.validation.timestamp or utc_now())
    put_section(section_of_validation(name, text), report)


def _tell(judged: Judged, options: dict[str, Any]) -> None:
    from reports.analysis.severity import severity_of
    from reports.render.validation import ci_lines, counted, terminal_lines
    from reports.render.validation_json import validation_json
    from reports.verbs.publishing import publish

    if options["quiet"]:
        publish(counted(judged.validation) + "\n", None)
    elif options["as_json"]:
        publish(validation_json(judged.validation), None)
    elif options["ci"]:
        annotations = options["annotations"] or bool(os.environ.get("GITHUB_ACTIONS"))
        publish("\n".join(ci_lines(judged.validation, annotations=annotations)) + "\n", None)
    else:
        publish("\n".join(terminal_lines(judged.validation, severity_of(judged.validation))) + "\n", None)
