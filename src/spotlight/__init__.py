"""Spotlight: learn how transformers work by building one."""

__version__ = "0.1.0"
