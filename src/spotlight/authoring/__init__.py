"""The vocabulary of a master, and the build of what students and graders read.

A master imports its words from here::

    from spotlight.authoring import alternative, edit, forbid, hint, mistake, probe, rewrite
    from spotlight.authoring.kit import randn
"""

from spotlight.authoring.vocabulary import (
    alternative,
    edit,
    forbid,
    hint,
    mistake,
    probe,
    rewrite,
)

__all__ = ["alternative", "edit", "forbid", "hint", "mistake", "probe", "rewrite"]
