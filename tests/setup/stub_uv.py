"""Stands in for uv: makes tiny environments at once, or fails as the file `mode` says.

Its folder, named by STUB_UV, holds `mode` (how to behave), `calls` (one line for each call),
`release` (ends a hanging installation) and what `pip compile` gives, with an extra or without.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ.get("STUB_UV", "."))
RUNS_AS_MODULE = (
    "import json, os, sys\n"
    "print(json.dumps([sys.argv[1:], os.getcwd(), os.environ['VIRTUAL_ENV']]))\n"
)


def note(what: str) -> None:
    with (FOLDER / "calls").open("a") as calls:
        calls.write(what + "\n")


def make_environment(folder: Path, python: str) -> None:
    site_packages(folder).mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(
        f"home = {Path(python).parent}\ninclude-system-site-packages = false\n"
    )
    runs_as_module(folder, "jupyterlab")


def runs_as_module(environment: Path, name: str) -> None:
    package = site_packages(environment) / name
    package.mkdir(exist_ok=True)
    (package / "__main__.py").write_text(RUNS_AS_MODULE)


def site_packages(environment: Path) -> Path:
    return environment / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"


def install(environment: Path, pins: list[str]) -> None:
    for pin in pins:
        name, version = pin.split("==")
        for old in site_packages(environment).glob(f"{name}-*.dist-info"):
            old.rmdir()
        (site_packages(environment) / f"{name}-{version}.dist-info").mkdir()
        # Two files written within a second look the same to Python's bytecode cache.
        shutil.rmtree(site_packages(environment) / "__pycache__", ignore_errors=True)
        if name == "pytest":
            runs_as_module(environment, name)
        else:
            (site_packages(environment) / f"{name}.py").write_text(f"version = {version!r}\n")


def main(arguments: list[str], mode: str) -> int:
    if arguments[0] == "venv":
        note("venv")
        host = arguments[arguments.index("--python") + 1]
        # Where it is not told a path but versions, uv looks for an interpreter by itself.
        make_environment(Path(arguments[-1]), host if os.path.isabs(host) else sys.executable)
        return 0
    if arguments[:2] == ["pip", "compile"]:
        target = Path(arguments[arguments.index("--output-file") + 1])
        compiled = "compiled for tests" if "test" in arguments else "compiled"
        target.write_text((FOLDER / compiled).read_text())
        if "--constraint" in arguments:
            note("within " + Path(arguments[arguments.index("--constraint") + 1]).read_text())
        return 1 if mode == f"fail: {compiled}" else 0

    environment = Path(arguments[arguments.index("--python") + 1]).parent.parent
    if "--editable" in arguments:
        source = Path(arguments[arguments.index("--editable") + 1]) / "src"
        (site_packages(environment) / "spotlight.pth").write_text(f"{source}\n")
        return 0
    if "-r" in arguments:
        file = Path(arguments[arguments.index("-r") + 1])
        pins = file.read_text().split()
        note(file.relative_to(Path.cwd()).as_posix())
    else:
        pins = [arguments[-1]]
        note("torch")
        if mode == "fill the disk":
            print("No space left on device")
            return 1
        if mode == "no cpu build" and "--index-url" in arguments:
            return 1
    if mode in ("hang", f"hang: {arguments[-1]}"):
        note(f"hangs {os.getpid()}")
        while not (FOLDER / "release").exists():
            time.sleep(0.02)
    if mode == "break half-way" and "-r" in arguments:
        install(environment, pins[:-1])
        return 1
    if mode.startswith("say: ") and "-r" in arguments:
        print(mode[len("say: ") :])
        return 1
    install(environment, pins)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], (FOLDER / "mode").read_text()))
