"""What is wrong with a master or a course, said to whoever can mend it."""

from __future__ import annotations


class AuthoringError(Exception):
    """A master or the manifest cannot be used; the message names file, cell and mend."""


class WithheldError(AuthoringError):
    """A released copy of the course was asked for what only the instructor's has."""
