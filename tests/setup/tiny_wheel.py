"""The least that pip takes for a wheel."""

from __future__ import annotations

import os
import zipfile


def write_wheel(folder: str, name: str, version: str, files: dict[str, str]) -> str:
    """Write a pure-Python wheel with these files; return its file name."""
    info = f"{name}-{version}.dist-info"
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    wheel = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, wheel), "w") as archive:
        for path, text in {**files, **described}.items():
            archive.writestr(path, text)
    return wheel
