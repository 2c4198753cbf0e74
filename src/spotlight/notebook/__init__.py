"""What a lesson's notebook imports: `check`, `hint`, `predict`, `solution` and their like.

Importing it starts the worker that judges exercises, so that it is warm by the first check.
"""

from spotlight.notebook.functions import (
    check,
    hint,
    predict,
    reveal,
    review,
    solution,
    start,
    verify,
)

__all__ = ["check", "hint", "predict", "reveal", "review", "solution", "start", "verify"]
