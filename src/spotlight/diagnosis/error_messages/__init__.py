"""What an exception means: the messages of PyTorch, NumPy and Python in a student's words.

The rules stand in three modules by what they speak of: sizes (`sizes`), what else can be wrong
with tensors (`tensors`), and the language itself (`python`). Only the message and the student's
line are known here: what does not follow from these two is not claimed, but asked.
"""

from __future__ import annotations

import re
from itertools import chain

from spotlight.diagnosis.error_messages import python, sizes, tensors
from spotlight.diagnosis.error_messages.wording import worded
from spotlight.sandbox.job import Trouble

_MAX_TYPE = 60
_MAX_MESSAGE = 2_000
_RULES = [(re.compile(p), say) for p, say in chain(sizes.RULES, tensors.RULES, python.RULES)]


def explain(trouble: Trouble) -> str | None:
    """What an exception means to a student, in a few short sentences.

    None if there is nothing to add to the message itself. Names and code stand between backticks.
    """
    said = f"{trouble.type[:_MAX_TYPE]}: {trouble.message[:_MAX_MESSAGE]}"
    line = trouble.frames[-1].text if trouble.frames else ""
    for pattern, say in _RULES:
        found = pattern.search(said)
        if found and (words := worded(found, say, line)):
            return words
    return None
