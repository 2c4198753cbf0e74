"""The files around the set-up agree with it and with each other."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib

import pytest
import yaml
from tiny_course import PROJECT


def pins(file):
    """(name, version) of each line; a package can have a version for each Python."""
    lines = [line.split(";")[0].strip() for line in (PROJECT / file).read_text().splitlines()]
    return {tuple(line.split("==")) for line in lines if "==" in line}


COURSE_PINS, TEST_PINS = pins("requirements.txt"), pins("tests/requirements.txt")
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script")


def names(requirements):
    return {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}


def test_everything_that_is_installed_without_dependencies_or_isolation_is_pinned():
    needed = names(PYPROJECT["project"]["dependencies"])
    needed |= names(PYPROJECT["build-system"]["requires"])

    assert needed - dict(COURSE_PINS).keys() == set()
    assert EXTRAS["setup"] == PYPROJECT["build-system"]["requires"]


def test_students_get_no_tools_of_the_tests():
    jupyters_and_matplotlibs = {"jsonschema", "nbconvert", "pexpect", "pillow", "psutil", "pyyaml"}

    assert names(EXTRAS["test"]) & dict(COURSE_PINS).keys() == jupyters_and_matplotlibs


def test_the_tests_tools_come_on_top_of_the_courses_packages_and_change_none():
    assert COURSE_PINS < TEST_PINS
    assert names(EXTRAS["test"]) <= dict(TEST_PINS).keys()
    added = dict(TEST_PINS - COURSE_PINS)
    assert added.keys() & dict(COURSE_PINS).keys() == set()
    assert {"pytest", "playwright", "mypy", "ruff"} <= added.keys()


def test_pins_fit_every_platform():
    assert not [name for name, _ in TEST_PINS if name.startswith(("nvidia", "cuda", "triton"))]
    assert not [version for _, version in TEST_PINS if "+" in version]


def test_the_set_up_and_the_package_support_the_same_pythons(setup_venv):
    assert PYPROJECT["project"]["requires-python"] == setup_venv.WANTED
    oldest, newest = min(setup_venv.VERSIONS), max(setup_venv.VERSIONS)
    assert f">=3.{oldest[1]},<3.{newest[1] + 1}" == setup_venv.WANTED


def test_the_workflow_runs_the_ci_script_and_keeps_its_report_even_when_it_fails():
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "ci.yml").read_text())
    steps = workflow["jobs"]["suite"]["steps"]
    [run] = [step for step in steps if step.get("run") == ".ci/run"]
    [keep] = [step for step in steps if "upload-artifact" in step.get("uses", "")]

    assert steps.index(run) < steps.index(keep)
    assert keep["if"] == "always()"
    assert keep["with"]["path"].rstrip("/") == run["env"]["CI_REPORT_DIR"]


@pytest.mark.parametrize("script", ["setup_venv.sh", ".ci/run", ".ci/python"])
@posix
def test_scripts_are_executable_and_can_be_read_by_their_shell(script):
    path = PROJECT / script
    shell = path.read_text().splitlines()[0].split("/")[-1].split()[-1]

    assert os.stat(path).st_mode & stat.S_IXUSR
    subprocess.run([shell, "-n", path], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", path], check=True)


def test_the_readme_names_the_two_commands_and_their_windows_form():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")

    for command in ("./setup_venv.sh lab", "./setup_venv.sh test"):
        assert readme.count(f"\n{command}") == 1
    for command in ("py setup_venv.py lab", "py setup_venv.py test"):
        assert command in readme


@pytest.fixture
def ci(tmp_path):
    """A copy of .ci/run beside a set-up that reports how it was called and exits with 5."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "run", tmp_path / ".ci")
    executable(tmp_path / "setup_venv.sh", 'echo "$CI $*"; exit 5')
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "sh", "dirname", "id", "mkdir", "env"):
        (tools / tool).symlink_to(shutil.which(tool))
    executable(tools / "python3", "exit 0")
    # A user who is not root reaches apt-get through sudo.
    executable(tools / "sudo", 'exec "$@"')

    def run(**env):
        command = [tmp_path / ".ci" / "run"]
        return subprocess.run(
            command, env={"PATH": str(tools)} | env, capture_output=True, text=True, check=False
        )

    run.root, run.tools = tmp_path, tools
    return run


def executable(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@posix
def test_ci_runs_the_tests_with_a_report_and_passes_their_status_on(ci):
    executable(ci.tools / "google-chrome", "exit 0")

    result = ci()

    assert result.returncode == 5
    assert result.stdout == "true test --junitxml=reports/junit.xml\n"
    assert (ci.root / "reports").is_dir()


@posix
def test_ci_puts_the_report_where_it_is_asked_to(ci):
    executable(ci.tools / "chromium", "exit 0")

    result = ci(CI_REPORT_DIR=str(ci.root / "deep" / "down"))

    assert f"--junitxml={ci.root}/deep/down/junit.xml" in result.stdout
    assert (ci.root / "deep" / "down").is_dir()


@posix
@pytest.mark.parametrize("package", ["chromium", "chromium-browser"])
def test_ci_installs_the_browser_that_the_system_offers(ci, package):
    browser = ci.tools / package
    executable(
        ci.tools / "apt-get",
        f'echo "$@" >>{ci.root}/asked\n[ "$1" = update ] && exit\n'
        f'case "$*" in *" {package}") ;; *) exit 100 ;; esac\n'
        f"ln -s {shutil.which('true')} {browser}",
    )
    (ci.tools / "ln").symlink_to(shutil.which("ln"))

    result = ci()

    assert result.returncode == 5, result.stderr
    asked = (ci.root / "asked").read_text().splitlines()
    assert asked[0] == "update"
    assert asked[-1].endswith(f"--no-install-recommends {package}")


@posix
def test_ci_without_any_browser_says_so_and_does_not_run_half_the_suite(ci):
    executable(ci.tools / "apt-get", 'case "$1" in update) ;; *) exit 100 ;; esac')

    result = ci()

    assert result.returncode == 2
    assert "No browser could be installed" in result.stderr
    assert result.stdout == ""
