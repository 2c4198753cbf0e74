#!/bin/sh
# Finds a Python that can start setup_venv.py, which does all the work.
# Usage: ./setup_venv.sh --help      (on Windows: py setup_venv.py --help)

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2

can_start() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1
}

# The environment's own Python comes first: it is there on every call but the first.
for python in "$here/.venv/bin/python" python3 python python3.13 python3.12 python3.11; do
    if can_start "$python"; then
        exec "$python" "$here/setup_venv.py" "$@"
    fi
done

# uv brings its own Python where the machine has none.
if command -v uv >/dev/null 2>&1; then
    echo "No Python is installed; uv fetches one (about 30 MB)." >&2
    uv python install --quiet 3.12 && python=$(uv python find --system 3.12) &&
        exec "$python" "$here/setup_venv.py" "$@"
fi

echo "Spotlight needs Python 3.11, 3.12 or 3.13, and no Python is installed here." \
    "Install one, from your package manager or https://www.python.org/downloads/," \
    "and run this command again." >&2
exit 2
