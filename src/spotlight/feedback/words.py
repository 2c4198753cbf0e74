"""How statuses are said, in one place for tables and cards."""

from __future__ import annotations

from spotlight.grading.report import ExerciseReport, Status

SAID: dict[Status, str] = {
    "passed": "passed",
    "failed": "not right yet",
    "error": "error",
    "blank": "not done yet",
    "missing": "missing",
    "forbidden": "not allowed here",
    "timeout": "stopped",
    "memory": "too much memory",
    "crashed": "crashed",
}

TONE: dict[Status, str] = {
    "passed": "good",
    "blank": "calm",
    "failed": "bad",
    "error": "bad",
    "missing": "warn",
    "forbidden": "warn",
    "timeout": "warn",
    "memory": "warn",
    "crashed": "warn",
}


def points(count: float) -> str:
    """A count of points in words."""
    return f"{count:g} point" + ("" if count == 1 else "s")


def sentence(report: ExerciseReport) -> str:
    """The verdict's message, beginning with a capital letter, ending with a stop."""
    text = report.message.strip() or ("Right." if report.status == "passed" else "")
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?:`" else ".")
