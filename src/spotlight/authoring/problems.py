"""What is wrong with a master, said to its author."""

from __future__ import annotations


class AuthoringError(Exception):
    """A master or the manifest cannot be used; the message names file, cell and mend."""
