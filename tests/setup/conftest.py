"""What the tests of the set-up share."""

from __future__ import annotations

import copy
import importlib.util
import shutil

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


@pytest.fixture(scope="session")
def set_up_once(tmp_path_factory):
    """A course that was set up, and a copy of its machine as it was then."""
    folder = tmp_path_factory.mktemp("set-up")
    course = TinyCourse(folder / "machine").with_python().with_stub_uv()
    course.run("verify")
    return course, shutil.copytree(course.machine, folder / "copy", symlinks=True)


@pytest.fixture
def standing(set_up_once):
    """A course whose environment stands; an environment is bound to its place, so all share one."""
    course, kept = set_up_once
    shutil.rmtree(course.machine)
    shutil.copytree(kept, course.machine, symlinks=True)
    return copy.copy(course)
