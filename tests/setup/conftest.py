"""What the tests of the set-up share."""

from __future__ import annotations

import importlib.util

import pytest
from tiny_course import PROJECT, TinyCourse


@pytest.fixture(scope="session")
def setup_venv():
    """setup_venv.py as a module."""
    spec = importlib.util.spec_from_file_location("setup_venv", PROJECT / "setup_venv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def course(tmp_path):
    """A course on a machine that has a Python and, for an installer, a stand-in for uv."""
    return TinyCourse(tmp_path).with_python().with_stub_uv()
