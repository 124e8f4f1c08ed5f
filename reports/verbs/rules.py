"""`report rules`: recording and alerting rules from the thresholds file and metric profiles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reports.model.rule import RuleBook

_OUT = Path("ops/prometheus")


@click.command(short_help="Write Prometheus rules from thresholds and a metric profile.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=_OUT, show_default=True, help="Where to."
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME|FILE",
    help="Metric profile, repeatable: metasheet, prometheus-http, relay or a TOML file.  [metasheet and relay]",
)
@click.option("--thresholds", type=click.Path(path_type=Path), help="Thresholds file instead of the one shipped.")
@click.option(
    "--job", default="", metavar="REGEX", help="Rules for these Prometheus jobs only.  [every job, each by itself]"
)
@click.option(
    "--relay-job", default="loadgen_synth", show_default=True, metavar="REGEX", help="The job of the relay's rules."
)
@click.option("--min-requests", type=click.IntRange(1), default=100, show_default=True, help="Events a share needs.")
@click.option(
    "--runbook-base", default="docs/runbooks", show_default=True, metavar="URL", help="Where the runbooks are."
)
def rules(out: Path, profiles: tuple[str, ...], thresholds: Path | None, runbook_base: str, **options: object) -> int:
    """Write recording-rules.yml and alerts.yml into a directory.

    A rule whose metric the profile lacks, whose threshold the file lacks, or whose burn tier could never fire is left
    out and named on standard error. Exit code: 0, 2 when a setting cannot be used.
    """
    from reports.render.rules_yaml import rules_yaml
    from reports.verbs.publishing import complain, make_place, replace_file

    book = _book(profiles or ("metasheet", "relay"), thresholds, options)
    for item in book.left_out:
        complain(str(item))
    for name, groups in (("recording-rules.yml", book.recording), ("alerts.yml", book.alerting)):
        make_place(out / name)
        replace_file(rules_yaml(groups, runbook_base), out / name)
        click.echo(f"{out / name}: {sum(len(group.rules) for group in groups)} rules in {len(groups)} groups")
    return 0


def _book(profiles: tuple[str, ...], thresholds: Path | None, options: dict[str, object]) -> RuleBook:
    from reports.analysis.rules.book import is_relay, merge, rule_book
    from reports.analysis.rules.terms import Policy, Terms
    from reports.loader.metric_facts import metric_facts
    from reports.loader.thresholds import load_thresholds

    limits = load_thresholds(thresholds)
    books = []
    for name in profiles:
        facts = metric_facts(name, os.environ)
        service = Terms(facts, limits, Policy(str(options["job"]), int(str(options["min_requests"]))))
        relay = Terms(facts, limits, Policy(str(options["relay_job"]), service.policy.min_requests))
        books.append(rule_book(relay if is_relay(service) else service))
    return merge(books)
