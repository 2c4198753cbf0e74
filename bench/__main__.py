"""`python -m bench NAME [--json]`: run one benchmark and print its figures."""

from __future__ import annotations

import argparse
import json
from importlib import import_module

NAMES = (
    *("answers", "checks", "crashes", "diagnosis", "fuzz", "grading", "mini_model", "mutants"),
    *("right_answers", "scale", "watch"),
)


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("file", nargs="?", help="answers: where they are, as JSON")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--count", type=int, help="how many notebooks; crashes: how many runs")
    parser.add_argument("--seed", type=int, help="fuzz: of the first one; crashes: of the moments")
    arguments = parser.parse_args()
    asked = {"count": arguments.count, "seed": arguments.seed, "file": arguments.file}
    options = {name: value for name, value in asked.items() if value is not None}
    figures: dict[str, float] = import_module(f"bench.{arguments.name}").measure(**options)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:<52} {value:10.3f}")


if __name__ == "__main__":
    main()
