"""`verify.py`: its commands, their options, and what they exit with. No logic lives here."""

from spotlight.cli.app import main

__all__ = ["main"]
