"""The words of a master, and the build of what students and graders read.

A master imports its words from here::

    from spotlight.authoring import alternatives, case, entry, forbid, hint, mistakes, why
    from spotlight.sandbox.kit import formatted, randn, whole_numbers
"""

from spotlight.course.vocabulary import (
    alternative,
    alternatives,
    case,
    entry,
    flops_within,
    forbid,
    hint,
    mistake,
    mistakes,
    naming_probe,
    probe,
    why,
    without_loops,
)

__all__ = [
    "alternative",
    "alternatives",
    "case",
    "entry",
    "flops_within",
    "forbid",
    "hint",
    "mistake",
    "mistakes",
    "naming_probe",
    "probe",
    "why",
    "without_loops",
]
