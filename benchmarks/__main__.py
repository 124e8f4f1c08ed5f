"""Run a benchmark by name: `python -m benchmarks [NAME] [--json] [--out FILE]`; without a name list them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.environment import describe
from benchmarks.registry import BENCHMARKS

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str]) -> int:
    """Run one benchmark, store its result, return 0 when every bar was met, 1 when not, 2 for bad usage."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m benchmarks NAME [--json] [--out FILE] [options of the benchmark]\n")
        for known, entry in BENCHMARKS.items():
            print(f"  {known:<12} {entry.measures}")
        return 0
    name, *rest = arguments
    benchmark = BENCHMARKS.get(name)
    if benchmark is None:
        print(f"no benchmark {name!r}: there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    module = benchmark.load()
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=benchmark.measures)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.json", help="where the result is stored")
    module.add_options(parser)
    options = parser.parse_args(rest)
    figures = module.measure(options)
    text = json.dumps({"benchmark": name, "environment": describe(), **figures}, indent=2, ensure_ascii=False)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(text if options.json else f"{module.render(figures)}\nstored in {options.out}")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
