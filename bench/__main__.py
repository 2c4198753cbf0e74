"""`python -m bench NAME [--json]`: run one benchmark and print its figures."""

from __future__ import annotations

import argparse
import json
from importlib import import_module

NAMES = ("checks",)


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    figures: dict[str, float] = import_module(f"bench.{arguments.name}").measure()
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:<52} {value:10.3f}")


if __name__ == "__main__":
    main()
