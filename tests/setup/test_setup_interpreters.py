"""Machines with an old Python, an incomplete one, several, or none."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys

import pytest
from tiny_course import BASE_PYTHON, PROJECT, TinyCourse

posix = pytest.mark.skipif(sys.platform == "win32", reason="runs setup_venv.sh")


def old_interpreters():
    """Pythons on the PATH that the course does not run on; often there are none."""
    found = []
    for command in filter(None, (shutil.which(f"python3.{minor}") for minor in range(6, 11))):
        # A version manager's shim stands for an interpreter elsewhere, or for none.
        question = [command, "-c", "import sys; print(sys.executable)"]
        answer = subprocess.run(question, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            found.append(answer.stdout.strip())
    return found


def test_the_file_can_be_read_by_python_3_6():
    source = (PROJECT / "setup_venv.py").read_text(encoding="ascii")

    ast.parse(source, feature_version=(3, 6))
    for python in old_interpreters():
        command = [python, PROJECT / "setup_venv.py", "--help"]
        assert b"Usage" in subprocess.check_output(command, env=os.environ | {"LC_ALL": "C"})


@posix
def test_an_old_python_makes_the_environment_with_a_supported_one(course):
    (course.bin / "python3").unlink()
    (course.bin / "python3.12").symlink_to(BASE_PYTHON)
    for number, python in enumerate([*old_interpreters(), BASE_PYTHON]):
        first = course.bin / "python3"
        first.unlink(missing_ok=True)
        first.symlink_to(python)

        result = course.run("verify", str(number))
        shutil.rmtree(course.environment)

        assert (result.status, result.report["arguments"]) == (3, [str(number)])


@posix
def test_with_old_pythons_alone_the_needed_versions_are_named(tmp_path):
    for number, python in enumerate(old_interpreters()):
        course = TinyCourse(tmp_path / str(number))
        (course.bin / "python3").symlink_to(python)

        result = course.run("lab")

        assert result.status == 2
        assert result.err.startswith("Spotlight needs Python 3.11, 3.12 or 3.13")


@posix
def test_without_a_python_the_shell_says_what_to_install(tmp_path):
    result = TinyCourse(tmp_path).run("lab")

    assert result.status == 2
    assert result.err.startswith("Spotlight needs Python 3.11, 3.12 or 3.13, and no Python")
    assert "python.org/downloads" in result.err


@posix
@pytest.mark.parametrize(
    "fails", ["#!/bin/sh\nexit 127\n", pytest.param("#!/bin/sh\nexit 1\n", marks=pytest.mark.deep)]
)
def test_a_python_that_does_not_start_is_passed_over(tmp_path, fails):
    course = TinyCourse(tmp_path).with_stub_uv()
    (course.bin / "python3").write_text(fails)
    (course.bin / "python3").chmod(0o755)
    (course.bin / "python3.11").symlink_to(BASE_PYTHON)

    assert course.run("verify").status == 3


@pytest.fixture
def machine(setup_venv, monkeypatch):
    """Decide which interpreters find_python meets: command → (version, can make)."""

    def has(**found):
        monkeypatch.setattr(setup_venv, "probe", lambda command: found.get(command[0], ((), False)))
        commands = [["this"], ["python3"], ["other"]]
        monkeypatch.setattr(setup_venv, "python_commands", lambda: commands)

    return has


def test_the_interpreter_at_hand_comes_first(setup_venv, machine):
    machine(this=((3, 12), True), python3=((3, 13), True))

    assert setup_venv.find_python() == ["this"]


def test_an_interpreter_without_venv_is_passed_over(setup_venv, machine):
    machine(this=((3, 12), False), other=((3, 11), True))

    assert setup_venv.find_python() == ["other"]


def test_a_missing_venv_module_says_which_package_brings_it(setup_venv, machine):
    machine(this=((3, 12), False))

    with pytest.raises(setup_venv.SetupError, match="apt install python3-venv"):
        setup_venv.find_python()


def test_where_no_version_is_supported_the_needed_ones_are_named(setup_venv, machine):
    machine(this=((3, 14), True), python3=((3, 8), True))

    with pytest.raises(setup_venv.SetupError, match=r"3\.11, 3\.12 or 3\.13.* Install one"):
        setup_venv.find_python()


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
def test_an_unsupported_interpreter_is_passed_over(setup_venv, machine, version):
    machine(this=(version, True), other=((3, 11), True))

    assert setup_venv.find_python() == ["other"]


def test_an_interpreter_tells_its_version_and_whether_it_has_venv(setup_venv):
    version, can_make = setup_venv.probe([BASE_PYTHON])

    assert version == sys.version_info[:2]
    assert can_make
    assert setup_venv.probe([os.devnull]) == ((), False)


@pytest.mark.parametrize(("version", "host"), [((3, 12), "this"), ((3, 8), ">=3.11,<3.14")])
def test_uv_takes_the_interpreter_at_hand_or_fetches_a_suitable_one(
    setup_venv, machine, monkeypatch, tmp_path, version, host
):
    machine(this=(version, False))
    monkeypatch.setattr(setup_venv.sys, "version_info", (*version, 1))
    monkeypatch.setattr(setup_venv.shutil, "which", lambda _: "/bin/uv")
    monkeypatch.setattr(setup_venv, "MARKER", str(tmp_path / "none"))

    (what, [command]), *_ = setup_venv.plan({}, ["recipe"])

    assert "fetches a Python" in what
    assert command[command.index("--python") + 1] == host


def test_where_uv_can_fetch_no_python_the_needed_versions_are_named(setup_venv):
    said = "error: No interpreter found for Python >=3.11, <3.14 in managed installations or PATH"

    assert setup_venv.diagnose(said).startswith("Spotlight needs Python 3.11, 3.12 or 3.13")
