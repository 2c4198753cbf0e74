"""How long a student waits for a check: in a fresh kernel, and once the worker is warm.

Every lesson is run in a real kernel with its solution's cells. The answer-key cache is empty at
the start of each lesson, as it is on a fresh clone. Times are wall seconds from sending a cell to
the kernel's reply that it is done.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3


def measure() -> dict[str, float]:
    """Seconds: importing torch, the first check beyond that, and the later ones."""
    first: list[float] = []
    later: list[float] = []
    importing: list[float] = []
    for notebook in sorted((ROOT / "solutions").glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as cache:
            times = _run_lesson(notebook, cache)
        importing.append(times["torch"])
        first.append(times["to the first card"] - times["torch"])
        later += times["later"]
    return {
        "import torch in the kernel, median": statistics.median(importing),
        "fresh kernel to first card, beyond torch, worst": max(first),
        "fresh kernel to first card, beyond torch, median": statistics.median(first),
        "later checks, median": statistics.median(later),
        "later checks, 95th percentile": statistics.quantiles(later, n=20)[-1],
        "later checks, count": float(len(later)),
    }


def _run_lesson(path: Path, cache: str) -> dict[str, Any]:
    """In kernels of their own: torch alone; the imports and a first check; all checks, warm.

    The first check judges the exercise's cell unrun, which the file on disk has: the path is the
    same, and no other given cell's time is counted.
    """
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if _runs(c)]
    roles = [cell["metadata"]["spotlight"]["role"] for cell in cells]
    sources = ["".join(cell["source"]) for cell in cells]
    first = roles.index("check")
    imports = [s for s in sources[: first - 1] if "\nfrom spotlight" in s or "\nimport " in s]
    with _Kernel(path, cache) as kernel:
        torch = kernel.run("import torch")
    with _Kernel(path, cache) as kernel:
        to_first = sum(kernel.run(s) for s in [*imports, sources[first]])
    with _Kernel(path, cache) as kernel:
        for source in sources:
            kernel.run(source)
        checks = [source for source, role in zip(sources, roles, strict=True) if role == "check"]
        later = [kernel.run(check) for _ in range(ROUNDS) for check in checks]
    return {"torch": torch, "to the first card": to_first, "later": later}


def _runs(cell: dict[str, Any]) -> bool:
    role = cell["metadata"].get("spotlight", {}).get("role")
    return cell["cell_type"] == "code" and role not in ("probes", "authoring", "verify")


class _Kernel:
    """A fresh IPython kernel with an answer-key cache of its own."""

    def __init__(self, path: Path, cache: str) -> None:
        from jupyter_client.manager import start_new_kernel

        own = {"XDG_CACHE_HOME": cache, "MPLBACKEND": "Agg", "JPY_SESSION_NAME": str(path)}
        self._manager, self._client = start_new_kernel(
            env={**os.environ, **own}, cwd=str(path.parent), stderr=subprocess.DEVNULL
        )

    def run(self, source: str) -> float:
        """Run a cell; returns the wall seconds until the kernel says that it is done."""

        def hook(message: dict[str, Any]) -> None:
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))

        start = time.perf_counter()
        self._client.execute_interactive(source, output_hook=hook, timeout=300)
        return time.perf_counter() - start

    def __enter__(self) -> _Kernel:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
