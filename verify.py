#!/usr/bin/env python3
"""Grade lessons, keep progress, build the course: `./setup_venv.sh verify --help` lists it all."""

import sys

try:
    from spotlight.cli import main
except ModuleNotFoundError as missing:
    print(
        f"The package {missing.name} is not installed in this Python. "
        "Run ./setup_venv.sh verify instead (on Windows: py setup_venv.py verify), "
        "which sets everything up first.",
        file=sys.stderr,
    )
    sys.exit(2)

if __name__ == "__main__":
    main()
