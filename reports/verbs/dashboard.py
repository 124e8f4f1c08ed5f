"""`report dashboard`: the Grafana dashboard that belongs to the rules, written, checked or pushed."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from loadgen.core.patience import timeout_option

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL = Path("ops/grafana/dashboards/phase5.json")
_FILE = click.Path(dir_okay=False, path_type=Path)


def _made_from(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a dashboard is made from."""
    options = (
        click.option(
            "--metric-profile",
            "--profile",
            "profile",
            default="metasheet",
            show_default=True,
            metavar="NAME|FILE",
            help="Metric profile.",
        ),
        click.option("--thresholds", type=_FILE, help="Thresholds file instead of the one shipped."),
        click.option("--title", default="", help="Title instead of the profile's."),
        click.option("--uid", default="", help="Stable name of the dashboard in Grafana.  [loadgen-PROFILE]"),
        click.option("--self-metrics", is_flag=True, help="Add a row of the load generator's own metrics."),
    )
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


@click.group(invoke_without_command=True, short_help="Write the Grafana dashboard, or push it.")
@_made_from
@click.option("--out", type=_FILE, metavar="FILE", help="Write it here instead of to standard output.")
@click.option("--check", is_flag=True, help=f"Compare with what stands in --out ({USUAL}); write nothing.")
@click.option("--checklist", is_flag=True, help="Write what it must show after each simulation, to tick off.")
@click.pass_context
def dashboard(ctx: click.Context, /, out: Path | None, check: bool, checklist: bool, **asked: Any) -> int:
    """Write the Grafana dashboard of a service: objectives, latency, errors, fallbacks, cache, Redis, alerts.

    Its queries read the recording rules of `loadgen report rules`, its colours the thresholds file. Import the file,
    let Grafana read it from ops/grafana/provisioning, or push it: `loadgen report dashboard push --help`.

    Exit code: 0, 1 when --check finds another dashboard in the file, 2 when something cannot be read or written.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_before_push(ctx)
        return 0
    text = _checklist(asked) if checklist else _text(asked)
    if check:
        return _compare(text, out or USUAL, "--checklist " if checklist else "")
    if out is None:
        click.echo(text, nl=False)
        return 0
    from reports.verbs.publishing import make_place, replace_file

    make_place(out)
    replace_file(text, out)
    click.echo(f"{out}: written")
    return 0


@dashboard.command(short_help="Store the dashboard in Grafana.")
@_made_from
@click.option("--grafana-url", envvar="GRAFANA_URL", show_envvar=True, metavar="URL", help="Grafana's own address.")
@click.option("--folder", default="", metavar="UID", help="Folder to store it in, by the uid in its address.  [root]")
@click.option("--token-file", type=_FILE, help="File with the token, instead of GRAFANA_TOKEN in the environment.")
@click.option("--message", default="", help="Note for Grafana's version history.")
@click.option("--dry-run", is_flag=True, help="Print the request without the token; send nothing.")
@click.option("--cacert", type=_FILE, metavar="FILE", help="Certificate authorities to trust.")
@click.option("--insecure", is_flag=True, help="Do not verify Grafana's certificate.")
@timeout_option
@click.option("--env-file", type=_FILE, help="Read GRAFANA_URL and GRAFANA_TOKEN from this file too.")
def push(**given: Any) -> int:
    """Store the dashboard in Grafana, in place of what has its uid there.

    GRAFANA_TOKEN is a token of a service account with the role Editor. It is sent to the given address only: redirects
    are not followed. Without --folder the dashboard is stored at the root, also one that lies in a folder now.

    Exit code: 0 stored, 2 when it is not.
    """
    from reports.verbs.pushing import push_dashboard, read_wish

    return push_dashboard(read_wish(given), _document(given))


def _refuse_before_push(ctx: click.Context) -> None:
    """Raise for options that stand before `push`, where they would be without effect."""
    source = click.core.ParameterSource
    given = [param for param in ctx.params if ctx.get_parameter_source(param) is source.COMMANDLINE]
    if given:
        names = ", ".join("--" + name.replace("_", "-") for name in sorted(given))
        raise click.UsageError(f"{names} must stand after {ctx.invoked_subcommand}", ctx)


def _compare(text: str, place: Path, option: str) -> int:
    from reports.loader.files import read_text
    from reports.verbs.publishing import complain

    if read_text(place) == text:
        click.echo(f"{place}: as it is generated")
        return 0
    remedy = f"write it again with loadgen report dashboard {option}--out {place}"
    complain(f"{place} is not what is generated now: {remedy}")
    return 1


def _text(asked: dict[str, Any]) -> str:
    from reports.render.dashboard import dashboard_json
    from reports.verbs.drawing import drawn

    return dashboard_json(drawn(**_chosen(asked)))


def _checklist(asked: dict[str, Any]) -> str:
    from reports.analysis.dashboard.checklist import shown_on
    from reports.render.dashboard_checklist import checklist_text
    from reports.verbs.drawing import drawn

    dashboard = drawn(**_chosen(asked))
    return checklist_text(dashboard, shown_on({panel.title for panel in dashboard.panels}))


def _document(asked: dict[str, Any]) -> dict[str, Any]:
    from reports.render.dashboard import dashboard_body
    from reports.verbs.drawing import drawn

    return dashboard_body(drawn(**_chosen(asked)))


def _chosen(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("profile", "thresholds", "title", "uid", "self_metrics")}
