"""The student's own module: what they built in earlier lessons, for later lessons to use."""

from spotlight.mine.own_code import mine

__all__ = ["mine"]
