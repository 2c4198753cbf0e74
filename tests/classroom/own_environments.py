"""A Python environment that has another copy of the package, and all else of this one."""

from __future__ import annotations

import sysconfig
import venv
from pathlib import Path


def make_environment(where: Path, source: Path, sitecustomize: str = "") -> Path:
    """Make one whose package is the one in `source`; returns its interpreter."""
    venv.create(where, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(where)}))
    # A .pth file in a folder that stands in one is not read: so this environment's own package,
    # installed editable, is not found there.
    paths = [source, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (packages / "another.pth").write_text("\n".join(map(str, paths)), encoding="utf-8")
    (packages / "sitecustomize.py").write_text(sitecustomize, encoding="utf-8")
    return where / "bin" / "python"
