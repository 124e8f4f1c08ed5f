"""Run benchmarks: `python -m benchmarks [NAME] [--json] [--out FILE]`; without a name all that have a bar, in turn.

`python -m benchmarks accepted` measures nothing: it prints the stored results as the README shows them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.accepted import accepted
from benchmarks.environment import describe
from benchmarks.figure import table
from benchmarks.registry import BENCHMARKS, IN_THE_TABLE

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str]) -> int:
    """Run one benchmark, or the whole table; return 0 when every bar was met, 1 when not, 2 for bad usage."""
    if arguments and arguments[0] in ("-h", "--help", "--list"):
        print("usage: python -m benchmarks [NAME] [--json] [--out FILE] [options of the benchmark]\n")
        for known, entry in BENCHMARKS.items():
            print(f"  {known:<12} {entry.measures}")
        print(f"  {'accepted':<12} the stored results as the README shows them; measures nothing")
        return 0
    if arguments == ["accepted"]:
        print(accepted(RESULTS), end="")
        return 0
    if not arguments or arguments[0].startswith("-"):
        return _whole_table(arguments)
    name, *rest = arguments
    if name not in BENCHMARKS:
        print(f"no benchmark {name!r}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    options = _options(name, rest)
    stored, text = _run(name, options)
    print(json.dumps(stored, indent=2, ensure_ascii=False) if options.json else f"{text}\nstored in {options.out}")
    return 0 if stored["ok"] else 1


def _options(name: str, arguments: list[str]) -> argparse.Namespace:
    entry = BENCHMARKS[name]
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=entry.measures)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.json", help="where the result is stored")
    entry.load().add_options(parser)
    return parser.parse_args(arguments)


def _run(name: str, options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Measure, store the result with its environment, and return it with its text."""
    module = BENCHMARKS[name].load()
    figures = module.measure(options)
    stored = {"benchmark": name, "environment": describe(), **figures}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(stored, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return stored, module.render(figures)


def _whole_table(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="every figure that has a bar")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the directory of the results")
    options = parser.parse_args(arguments)
    results = []
    for name in IN_THE_TABLE:
        print(f"{name}: {BENCHMARKS[name].measures}", file=sys.stderr)
        results.append(_run(name, _options(name, ["--out", str(options.out / f"{name}.json")]))[0])
    figures = [figure for one in results for figure in one["figures"]]
    print(json.dumps(results, indent=2, ensure_ascii=False) if options.json else table(figures))
    return 0 if all(one["ok"] for one in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
