"""The commands of the observer: `observe` (also `loadgen observe`), `once`, `profile` and `child`."""

from __future__ import annotations

import click


@click.group(invoke_without_command=True)
@click.option("--fd", type=int, hidden=True, help="The link's descriptor, for `child`.")
@click.option("--number", type=int, default=0, hidden=True, help="The child's number on its link.")
@click.pass_context
def observer(ctx: click.Context, fd: int | None, number: int) -> None:
    """Watch a service's own metrics: scrape, derive, write CSV v3."""
    ctx.obj = (fd, number)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@observer.command(hidden=True)
@click.option("--fd", type=int, help="The link's descriptor.")
@click.option("--number", type=int, default=None, help="The child's number on its link.")
@click.pass_obj
def child(inherited: tuple[int | None, int], fd: int | None, number: int | None) -> int:
    """Serve a supervisor over an inherited socket."""
    from observer.child import run_child

    descriptor = inherited[0] if fd is None else fd
    if descriptor is None:
        raise click.UsageError("--fd is missing: this command is started by a supervisor")
    return run_child(descriptor, inherited[1] if number is None else number)
