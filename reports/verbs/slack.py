"""`report slack`: the summary of a run or a validation, printed and sent to a Slack webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis.summary import Message

USUAL_BASELINE = Path("baseline/phase5-baseline.json")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Send the summary of a run to Slack.")
@click.argument("source", metavar="[DIRECTORY|VALIDATION.JSON]", required=False, type=click.Path(path_type=Path))
@click.option("--baseline", type=click.Path(path_type=Path), help=f"Show changes against this.  [{USUAL_BASELINE}]")
@click.option(
    "--suggestions",
    type=_FILE,
    metavar="FILE",
    help="SLO suggestions, one a line, or those of report suggest; five are shown.",
)
@click.option("--cache-audit", type=_FILE, metavar="FILE", help="Lines of a cache audit; twenty are shown.")
@click.option("--error-budget-target", type=click.FloatRange(0, 100, max_open=True), default=99.0, show_default=True,
              metavar="PCT", help="Success rate that the error budget is counted from.")  # fmt: skip
@click.option("--env-file", type=_FILE, help="Read SLACK_WEBHOOK_URL and SLACK_CHANNEL from this file too.")
@click.option("--dry-run", is_flag=True, help="Only print; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as Slack gets it.")
@click.option("--must-deliver", is_flag=True, help="Exit 2 when the message is not delivered.")
def slack(source: Path | None, **given: Any) -> int:
    """Print the summary of a run or a validation and send it to SLACK_WEBHOOK_URL, if that is set.

    Without SOURCE the newest run below results is taken. The exit code does not depend on the verdict: 0, or 2 when
    nothing can be read. A webhook that fails is one warning line; with --must-deliver it is exit code 2.
    """
    from loadgen.notify.channel import messaging_of
    from reports.verbs.variables import variables

    environ = variables(given["env_file"])
    messaging = messaging_of(environ)
    message = _compose(source, environ, given)
    channel = messaging.summary.channel if messaging.summary else ""
    body, text = _render(message, channel)
    click.echo(json.dumps(body, ensure_ascii=False, indent=2) if given["as_json"] else text)
    if given["dry_run"]:
        return 0
    if messaging.summary is None:
        click.echo("not sent: SLACK_WEBHOOK_URL is not set", err=True)
        return 2 if given["must_deliver"] else 0
    import asyncio

    from loadgen.notify.delivery import deliver, post_to_slack

    result = asyncio.run(deliver(post_to_slack, messaging.summary.address, body))
    click.echo(f"{'' if result.delivered else 'warning: not sent: '}{messaging.summary}: {result.detail}", err=True)
    return 2 if given["must_deliver"] and not result.delivered else 0


def _compose(source: Path | None, environ: Mapping[str, str], given: Mapping[str, Any]) -> Message:
    from reports.analysis.summary import Context, message_of
    from reports.loader.digest import read_baseline, read_digest, read_lines
    from reports.loader.newest import chosen_run

    digest, targets = read_digest(chosen_run(source), environ)
    baseline, baseline_file = read_baseline(given["baseline"], USUAL_BASELINE, environ)
    context = Context(
        targets=targets,
        budget_target_pct=given["error_budget_target"],
        baseline=baseline,
        baseline_file=baseline_file,
        suggestions=read_lines(given["suggestions"], "--suggestions"),
        cache_audit=read_lines(given["cache_audit"], "--cache-audit"),
    )
    return message_of(digest, context)


def _render(message: Message, channel: str) -> tuple[dict[str, Any], str]:
    """Return the message's body and text, with everything that looks like a secret masked."""
    from loadgen.core.redact import Redactor
    from reports.render.slack import slack_message, slack_text

    redactor = Redactor()
    body = redactor.structure(slack_message(message, channel))
    assert isinstance(body, dict)
    return body, redactor.text(slack_text(message))
