"""Running a command as an ordinary user, where the tests themselves run as root."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

USER = 65_534  # nobody
_AS_USER = f"setpriv --reuid={USER} --regid={USER} --clear-groups --"


def closed_to_others(path: Path) -> Path | None:
    """The uppermost folder above `path` that only its owner may enter."""
    for folder in (*reversed(path.parents), path):
        if folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None


def as_ordinary_user(command: list[str], readable: list[Path], home: Path) -> list[str]:
    """`command`, to be run by nobody in particular, who is to be able to read `readable`.

    What of it lies below a folder that is closed to others (a Python in root's own home) is shown
    in its place, and nothing else of that folder, in a mount namespace that goes with the command.
    """
    lines = ["set -e", f"chown {USER} {shlex.quote(str(home))}"]
    hidden: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(folder.resolve() for folder in readable):
        if (closed := closed_to_others(path)) is not None:
            hidden.setdefault(closed, []).append(path)
    for closed, paths in hidden.items():
        for path in paths:
            kept = shlex.quote(str(home / f"kept{hash(path) % 10**9}"))
            lines += [f"mkdir {kept}", f"mount --bind {shlex.quote(str(path))} {kept}"]
        lines.append(f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed))}")
        for path in paths:
            kept = shlex.quote(str(home / f"kept{hash(path) % 10**9}"))
            lines.append(f"mkdir -p {shlex.quote(str(path))}")
            lines.append(f"mount --bind {kept} {shlex.quote(str(path))}")
    lines.append(f"exec {_AS_USER} {shlex.join(command)}")
    shell = ["sh", "-c", "\n".join(lines)]
    return ["unshare", "--mount", *shell] if hidden else shell


def environment(home: Path) -> dict[str, str]:
    """What an ordinary user's shell has."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ
    }
    bare = {"HOME": str(home), "USER": "nobody", "LOGNAME": "nobody"}
    return kept | bare | {"PYTHONDONTWRITEBYTECODE": "1"}


def can_run_python(readable: list[Path], home: Path) -> str:
    """Why an ordinary user cannot run this very Python here; empty if one can."""
    command = [sys.executable, "-c", "import torch, pytest, spotlight"]
    try:
        ran = subprocess.run(
            as_ordinary_user(command, readable, home),
            env=environment(home),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as missing:
        return f"{missing.filename} is not here"
    return "" if ran.returncode == 0 else (ran.stderr.strip().splitlines() or ["no reason"])[-1]
