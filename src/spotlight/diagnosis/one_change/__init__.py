"""One small change after which a wrong answer is right: what is wrong, known because it was tried.

Feedback by repair (Singh, Gulwani and Solar-Lezama, PLDI 2013): a student's cell is changed in one
place at a time, as slips of the kind would have it, and each of these cells is run. One that does
all that is asked shows where the slip is. Nothing is run here.
"""

from __future__ import annotations

from spotlight.diagnosis.one_change.changes import MOST, Change, changes_of

__all__ = ["MOST", "Change", "changes_of"]
