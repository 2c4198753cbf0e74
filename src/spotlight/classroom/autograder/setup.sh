#!/usr/bin/env bash
# Gradescope runs this once, when it makes the machine's image: a Python, the course's environment,
# and a trial in which the solutions must earn full marks. The trial makes the answer keys, too.
set -euo pipefail
source=${AUTOGRADER:-/autograder}/source
trial=$(mktemp -d)
export DEBIAN_FRONTEND=noninteractive XDG_CACHE_HOME="$source/cache"

install() {
    apt-get install -y --no-install-recommends "$@"
}

apt-get update
install python3.12 python3.12-venv || install python3.11 python3.11-venv ||
    { install python3 python3-pip && python3 -m pip install uv; }

cd "$source/course"
sh setup_venv.sh verify doctor

mkdir "$trial/submissions" "$trial/submissions/solutions"
cp solutions/*.ipynb "$trial/submissions/solutions"
sh setup_venv.sh verify class "$trial/submissions" --out "$trial/out" --seed "$(cat "$source/seed")"
rm -r "$trial"
