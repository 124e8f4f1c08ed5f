"""`report rules`: recording and alerting rules from the thresholds file and metric profiles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reports.verbs.rule_writing import Written

_OUT = Path("ops/prometheus")


@click.command(short_help="Write Prometheus rules from thresholds and a metric profile, or check them.")
@click.argument("action", type=click.Choice(["write", "check"]), default="write", metavar="[check]")
@click.option("--check", is_flag=True, help="The same as the word check.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=_OUT, show_default=True, help="Where to."
)
@click.option(
    "--metric-profile",
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME|FILE",
    help="Metric profile, repeatable: metasheet, prometheus-http, relay or a TOML file.  [metasheet and relay]",
)
@click.option("--thresholds", type=click.Path(path_type=Path), help="Thresholds file instead of the one shipped.")
@click.option(
    "--metrics-url",
    multiple=True,
    metavar="URL",
    help="Write rules for what this service exposes (repeatable): of each metric the name that it has.",
)
@click.option("--job", default="", metavar="REGEX", help="Rules for these jobs only.  [what shows the metrics]")
@click.option(
    "--relay-job", default="loadgen_synth", show_default=True, metavar="REGEX", help="The job of the relay's rules."
)
@click.option("--min-requests", type=click.IntRange(1), default=100, show_default=True, help="Events a share needs.")
@click.option(
    "--burn-tier",
    "burn_tiers",
    multiple=True,
    metavar="NAME:SEVERITY:FACTOR:LONG:SHORT:HOLD",
    help="Burn-rate tier instead of the usual four (repeatable), such as PageFast:critical:14.4:1h:5m:2m.",
)
@click.option(
    "--runbook-base", default="docs/runbooks", show_default=True, metavar="URL", help="Where the runbooks are."
)
@click.option(
    "--sloth", type=click.Path(dir_okay=False, path_type=Path), help="Also write the objectives for Sloth here."
)
@click.option(
    "--alertmanager",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write Alertmanager's configuration here.",
)
@click.option("--prom-url", metavar="URL", help="With check: ask this Prometheus which recording rules return data.")
def rules(action: str, check: bool, out: Path, prom_url: str | None, **options: Any) -> int:
    """Write recording-rules.yml, alerts.yml and their promtool tests into a directory; or check what stands there.

    With --metrics-url the service is scraped once, METRICS_AUTH_HEADER sent along. A rule whose metric is lacking,
    whose threshold the file lacks, or whose burn tier could never fire is left out and named on standard error. `check`
    writes nothing: it says whether the files are those that the settings give, has promtool check and test them
    (without promtool, their metric names alone are checked), and with --prom-url which recording rules of the server
    return no data; PROM_AUTH_HEADER is sent along.

    Exit code: 0; of a check 1 when something is wrong and 3 when all is well but a recording rule returns no data; 2
    when a setting cannot be used or a server cannot be asked.
    """
    from loadgen.core.errors import InputError, Problem
    from reports.render.left_out import left_out_lines
    from reports.verbs.publishing import complain
    from reports.verbs.rule_writing import RuleWish, write_rules

    checking = check or action == "check"
    if prom_url is not None and not checking:
        raise InputError([Problem("--prom-url", prom_url, "goes with `check`")])
    files = {name: options.pop(name) for name in ("sloth", "alertmanager")}
    _apart(out, files)
    written = write_rules(RuleWish(**options))
    for line in left_out_lines(written.book.left_out):
        complain(line)
    texts = {out / name: text for name, text in written.files.items()} | _extra(written, files, options["runbook_base"])
    if checking:
        from reports.verbs.rule_checking import check_rules

        return check_rules(out, texts, written, prom_url)
    return _write(texts, written)


def _apart(out: Path, files: dict[str, Path | None]) -> None:
    """Raise InputError where two texts were to go into one file, of which one would be lost."""
    from loadgen.core.errors import InputError, Problem
    from reports.verbs.rule_writing import ALERTS, RECORDING, TESTS

    taken = {(out / name).resolve() for name in (RECORDING, ALERTS, *TESTS)}
    problems = []
    for name, path in files.items():
        if path is not None and path.resolve() in taken:
            problems.append(Problem(f"--{name}", str(path), "is written with something else: name another file"))
        elif path is not None:
            taken.add(path.resolve())
    if problems:
        raise InputError(problems)


def _extra(written: Written, files: dict[str, Path | None], runbook_base: str) -> dict[Path, str]:
    from reports.render.alertmanager_yaml import alertmanager_yaml
    from reports.render.sloth_yaml import sloth_yaml

    found = {}
    if files["sloth"] is not None:
        found[files["sloth"]] = sloth_yaml(written.service_terms, runbook_base)
    if files["alertmanager"] is not None:
        found[files["alertmanager"]] = alertmanager_yaml()
    return found


def _write(texts: dict[Path, str], written: Written) -> int:
    from reports.verbs.publishing import make_place, replace_file

    for path, text in texts.items():
        make_place(path)
        replace_file(text, path)
    book = written.book
    click.echo(
        f"{len(tuple(book.recordings))} recording rules and {len(tuple(book.alerts))} alerts with "
        f"{len(written.cases)} cases, in {', '.join(str(path) for path in texts)}"
    )
    return 0
