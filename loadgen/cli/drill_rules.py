"""`loadgen drill rules`: alerting rules with compressed time, to see a scenario through in a minute."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--compress", default=120, show_default=True, metavar="N", help="Divide all durations by this.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write them.")
def rules(files: tuple[Path, ...], compress: int, out: Path) -> None:
    """Write rule files again with every duration divided, for `loadgen drill synth --compress`.

    Intervals, `for`, ranges and offsets are divided; thresholds, labels and texts stay. Exit code 0, or 2 when a file
    is no rule file.
    """
    import yaml

    from loadgen.core.errors import InputError, LoadgenError, Problem
    from loadgen.core.whole_file import write_whole
    from loadgen.drill.compressed import compressed_rules
    from loadgen.drill.synth_options import LARGEST_FACTOR

    problems = []
    written: list[tuple[Path, str]] = []
    if not 1 <= compress <= LARGEST_FACTOR:
        problems.append(Problem("--compress", str(compress), f"a whole number from 1 to {LARGEST_FACTOR}"))
    for file in files:
        try:
            document = compressed_rules(yaml.safe_load(file.read_text(encoding="utf-8")), max(compress, 1))
        except (OSError, ValueError, yaml.YAMLError) as error:
            problems.append(Problem("FILES", str(file), str(error)))
        else:
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
            written.append((out / file.name, f"# For drills only: every duration was divided by {compress}.\n{text}"))
    if problems:
        raise InputError(problems)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in written:
            write_whole(path, text.encode())
            click.echo(f"wrote {path}")
    except OSError as error:
        raise LoadgenError(f"{out}: cannot be written: {error.strerror}") from error
