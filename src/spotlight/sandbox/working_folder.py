"""Where a job is, and where it leaves what is temporary."""

from __future__ import annotations

import os
import tempfile


def move_into(folder: str) -> None:
    """Make `folder` this process's place."""
    os.chdir(folder)
    os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "TEMP", "MPLCONFIGDIR"), folder))
    tempfile.tempdir = None
