"""The vocabulary of a master, and the build of what students and graders read.

A master imports its words from here::

    from spotlight.authoring import alternative, edit, entry, forbid, hint, mistake, probe, why
    from spotlight.sandbox.kit import randn, whole, written
"""

from spotlight.course.vocabulary import (
    alternative,
    edit,
    entry,
    flops_within,
    forbid,
    hint,
    mistake,
    naming_probe,
    probe,
    rewrite,
    why,
    without_loops,
)

__all__ = [
    "alternative",
    "edit",
    "entry",
    "flops_within",
    "forbid",
    "hint",
    "mistake",
    "naming_probe",
    "probe",
    "rewrite",
    "why",
    "without_loops",
]
