"""./setup_venv.sh as its user meets it, wrong turns included."""

from __future__ import annotations

import os
import shutil
import signal
import sys

import pytest
from tiny_course import TinyCourse, finish, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs setup_venv.sh")

DISK_FULL = "say: error: failed to write: No space left on device (os error 28)"


# ---- with pip -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "supplied",
    [TinyCourse.with_stub_pip, pytest.param(TinyCourse.with_wheels, marks=pytest.mark.deep)],
    ids=["a stand-in", "the real one"],
)
def test_with_pip_the_first_call_sets_up_test_adds_its_tools_and_later_calls_start_at_once(
    tmp_path, supplied
):
    course = supplied(TinyCourse(tmp_path).with_python())

    first = course.run("verify", "grade", "two words")

    assert first.status == 3, first
    assert first.report == {
        "arguments": ["grade", "two words"],
        "folder": str(course.machine),
        "environment": str(course.environment),
        "package": str(course.root / "src" / "spotlight" / "__init__.py"),
        "leaf": "1.0",
    }
    assert [line[:5] for line in first.err.splitlines() if line[0] == "["] == [
        "[1/4]",
        "[2/4]",
        "[3/4]",
        "[4/4]",
    ]
    assert course.left_over() == []
    assert course.packages() == {"torch", "leaf"}

    tests = course.run("test", "--deep")
    assert (tests.status, tests.report[0]) == (0, ["--deep"]), tests
    assert "[1/1] Installing tests/requirements.txt" in tests.err
    assert course.packages() == {"torch", "leaf", "tool", "pytest"}

    shutil.rmtree(course.supply)
    again = course.run("verify", "grade", "two words")
    assert (again.status, again.report, again.err) == (3, first.report, "")
    assert course.run("test").err == ""


@pytest.mark.deep
def test_with_pip_and_no_network_one_sentence_says_so(tmp_path):
    course = TinyCourse(tmp_path).with_python()
    nowhere = "http://127.0.0.1:9"

    result = course.run("test", HTTP_PROXY=nowhere, HTTPS_PROXY=nowhere, PIP_RETRIES="1")

    assert result.status == 2
    assert "cannot be reached. Check the network" in result.err
    assert "Traceback" not in result.err
    assert not course.environment.exists()


# ---- the commands -------------------------------------------------------------------------------


def test_lab_opens_the_orientation_with_the_course_as_root_and_passes_arguments_on(course):
    arguments, folder, environment = course.run("lab", "--no-browser", "--port", "9000").report

    assert f"--ServerApp.root_dir={course.root}" in arguments
    assert "--LabApp.default_url=/lab/tree/lessons/00_orientation.ipynb" in arguments
    assert arguments[-3:] == ["--no-browser", "--port", "9000"]
    assert (folder, environment) == (str(course.root), str(course.environment))
    assert course.packages() == {"torch", "leaf"}


def test_lab_without_the_orientation_says_how_to_make_it(standing):
    (standing.root / "lessons" / "00_orientation.ipynb").unlink()

    result = standing.run("lab")

    assert result.status == 2
    assert result.err.endswith(
        "lessons/00_orientation.ipynb is missing. Make it: ./setup_venv.sh verify build\n"
    )


def test_lab_opens_the_first_lesson_of_a_course_without_the_orientation(standing):
    (standing.root / "lessons" / "00_orientation.ipynb").unlink()
    for name in ("04_later.ipynb", "03_first.ipynb"):
        (standing.root / "lessons" / name).write_text("{}")

    arguments, _, _ = standing.run("lab").report

    assert "--LabApp.default_url=/lab/tree/lessons/03_first.ipynb" in arguments


def test_test_runs_pytest_in_the_course_folder_with_the_arguments(standing):
    given = ["--deep", "-k", "two words", "--help"]

    arguments, folder, _ = standing.run("test", *given).report

    assert (arguments, folder) == (given, str(standing.root))


def test_the_set_up_speaks_on_stderr_so_that_output_stays_readable_for_programs(course):
    result = course.run("verify", "--json")

    assert result.report["arguments"] == ["--json"]
    assert "Making .venv" in result.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [((), 2), (("--help",), 0), (("lib",), 2)],
    ids=["none", "help", "typo"],
)
def test_without_a_known_command_usage_is_shown_and_nothing_made(course, arguments, status):
    result = course.run(*arguments)

    assert result.status == status
    assert "Usage: ./setup_venv.sh COMMAND" in result.out + result.err
    assert ("There is no command 'lib'." in result.err) == (arguments == ("lib",))
    assert not course.environment.exists()


# ---- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (DISK_FULL, "The disk is full, or your quota on it. Make room"),
        ("say: cause: dns error", "The package index cannot be reached. Check the network"),
        ("say: error: leaf==1.0 is no more", "failed: leaf==1.0 is no more. Run the command again"),
        ("break half-way", "failed: the log below tells why. Run the command again"),
    ],
)
def test_a_failing_installer_is_put_in_a_sentence_and_leaves_nothing(course, mode, sentence):
    course.mode(mode)

    result = course.run("verify")

    assert result.status == 2
    assert sentence in result.err
    assert not course.environment.exists()
    log = course.root / ".venv.log"
    assert f"full log: {log}" in result.err
    assert mode.removeprefix("say: ") in log.read_text() or mode == "break half-way"


def test_after_a_failure_the_next_call_starts_afresh(course):
    course.mode(DISK_FULL)
    course.run("verify")
    course.mode("")

    assert course.run("verify").status == 3


def test_pytorch_without_a_cpu_build_falls_back_to_the_plain_one_and_says_so(course):
    course.mode("no cpu build")

    result = course.run("verify")

    assert result.status == 3
    if sys.platform.startswith("linux"):
        assert "trying the plain build" in result.err


def test_a_full_disk_ends_the_search_for_a_build_of_pytorch(course):
    course.mode("fill the disk")

    result = course.run("verify")

    assert "The disk is full" in result.err
    assert course.calls().count("torch") == 1


def test_a_folder_that_may_not_be_written_is_named(course):
    if os.geteuid() == 0:
        # No mode stops root, so the lock file's place is taken instead.
        (course.root / ".venv.lock").mkdir()
    else:
        course.root.chmod(0o555)

    result = course.run("verify")

    assert result.status == 2
    assert ".venv.lock" in result.err
    assert "Traceback" not in result.err


# ---- interruptions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("SIGINT", marks=pytest.mark.deep),
        "SIGTERM",
        pytest.param("SIGHUP", marks=pytest.mark.deep),
    ],
)
def test_a_stopped_set_up_leaves_no_environment_and_no_installer(course, name):
    course.mode("hang")
    process = course.start("verify")
    wait_until(course.hanging)
    assert course.environment.exists()

    process.send_signal(getattr(signal, name))
    result = finish(process)

    assert result.status == 128 + getattr(signal, name)
    assert result.err.endswith("Stopped.\n")
    assert not course.environment.exists()
    assert course.left_over() == []
    with pytest.raises(ProcessLookupError):
        os.kill(course.hanging(), 0)


def test_after_a_killed_set_up_the_next_waits_for_its_installer_and_then_starts_afresh(course):
    course.mode("hang")
    killed = course.start("verify")
    wait_until(course.hanging)
    killed.kill()
    killed.wait()

    following = course.start("verify")
    assert following.stderr.readline() == (
        "Another set-up is at work in this folder; waiting for it to end.\n"
    )
    course.mode("")
    (course.stub / "release").touch()
    result = finish(following)
    killed.communicate()

    assert result.status == 3, result
    assert result.err.startswith("Removing an earlier run's .venv")
    assert course.calls().count("venv") == 2


def test_two_set_ups_at_once_make_one_environment(course):
    course.mode("hang")
    first = course.start("verify", "first")
    wait_until(course.hanging)
    second = course.start("verify", "second")
    assert "waiting for it to end" in second.stderr.readline()
    (course.stub / "release").touch()

    results = [finish(first), finish(second)]

    assert [result.report["arguments"] for result in results] == [["first"], ["second"]]
    assert course.calls().count("venv") == 1


# ---- an environment that is there already -------------------------------------------------------


def test_changed_pins_are_installed_in_place(standing):
    standing.pin("2.0")

    result = standing.run("verify")

    assert result.report["leaf"] == "2.0"
    assert "requirements have changed" in result.err
    assert standing.calls().count("venv") == 1


def test_an_update_that_fails_before_it_changed_anything_keeps_the_former_environment(standing):
    standing.pin("2.0")
    standing.mode("say: Failed to establish a new connection")

    failed = standing.run("verify")
    assert failed.status == 2
    assert "The .venv from before is untouched." in failed.err

    standing.pin("1.0")
    again = standing.run("verify")
    assert (again.report["leaf"], again.err) == ("1.0", "")


def test_an_update_that_fails_half_way_leaves_no_environment(standing):
    (standing.root / "requirements.txt").write_text("torch==1.0\nleaf==2.0\ntwig==1.0\n")
    standing.mode("break half-way")

    result = standing.run("verify")

    assert result.status == 2
    assert "Removing the half-updated .venv" in result.err
    assert not standing.environment.exists()


def test_an_edit_of_the_tools_settings_needs_no_update_and_one_of_the_package_does(standing):
    pyproject = standing.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "\n[tool.ruff]\nline-length = 90\n")
    assert standing.run("verify").err == ""

    pyproject.write_text(pyproject.read_text().replace("1.0", "1.1"))
    assert "requirements have changed" in standing.run("verify").err


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_an_environment_that_somebody_else_made_is_never_touched(course, kind):
    other = course.machine / "other"
    other.mkdir()
    (other / "precious").write_text("mine")
    if kind == "folder":
        shutil.move(other, course.environment)
    elif kind == "link":
        course.environment.symlink_to(other)
    else:
        course.environment.write_text("mine")

    result = course.run("verify")

    assert result.status == 2
    assert "was not made by this set-up" in result.err
    kept = course.environment if kind == "file" else course.environment / "precious"
    assert kept.read_text() == "mine"


def test_a_course_that_was_moved_gets_a_new_environment(standing):
    moved = standing.root.rename(standing.machine / "moved")
    standing.root, standing.environment = moved, moved / ".venv"

    result = standing.run("verify")

    assert "Removing an earlier run's .venv" in result.err
    assert result.report["package"].startswith(str(moved))


def test_an_environment_whose_python_is_gone_is_made_anew(standing):
    python = standing.environment / "bin" / "python"
    python.unlink()
    python.symlink_to(standing.machine / "uninstalled")

    result = standing.run("verify")

    assert "lost its Python" in result.err
    assert result.status == 3


def test_a_course_reached_through_a_link_keeps_its_environment(standing):
    link = standing.machine / "link"
    link.symlink_to(standing.root)
    standing.root = link

    assert standing.run("verify").err == ""


# ---- the tools of the tests ---------------------------------------------------------------------


@pytest.mark.parametrize("command", ["verify", pytest.param("lab", marks=pytest.mark.deep)])
def test_what_students_call_installs_no_tool_of_the_tests(course, command):
    course.run(command)

    assert course.packages() == {"torch", "leaf"}


def test_test_sets_everything_up_and_adds_its_tools(course):
    result = course.run("test")

    assert result.status == 0
    assert "[5/5] Installing tests/requirements.txt" in result.err
    assert course.packages() == {"torch", "leaf", "tool", "pytest"}


def test_the_tools_come_on_top_of_an_environment_that_stands_and_stay(standing):
    first, second = standing.run("test"), standing.run("test")

    assert "The tests need tools of their own" in first.err
    assert "[1/1]" in first.err
    assert second.err == ""
    assert standing.calls().count("tests/requirements.txt") == 1
    assert standing.calls().count("requirements.txt") == 1

    standing.pin("2.0")
    assert standing.run("verify").report["leaf"] == "2.0"
    assert standing.packages() == {"torch", "leaf", "tool", "pytest"}
    assert standing.calls().count("tests/requirements.txt") == 1

    assert "The tests need tools of their own" in standing.run("test").err
    assert standing.calls().count("requirements.txt") == 2


@pytest.mark.parametrize(
    "mode", [pytest.param("say: dns error", marks=pytest.mark.deep), "break half-way"]
)
def test_tools_that_cannot_be_installed_leave_the_environment_as_it_was(standing, mode):
    standing.mode(mode)

    failed = standing.run("test")

    assert failed.status == 2
    assert "The .venv from before is untouched." in failed.err
    assert standing.packages() == {"torch", "leaf"}
    assert standing.run("verify").err == ""
    standing.mode("")
    assert standing.run("test").status == 0


def test_a_stop_while_the_tools_are_installed_leaves_the_environment_as_it_was(standing):
    standing.mode(f"hang: {standing.root}/tests/requirements.txt")
    process = standing.start("test")
    wait_until(standing.hanging)

    process.send_signal(signal.SIGINT)
    result = finish(process)

    assert result.status == 130
    assert result.err.endswith("Stopped.\n")
    assert standing.run("verify").err == ""


def test_a_copy_without_tests_says_so_and_sets_nothing_up(course):
    shutil.rmtree(course.root / "tests")

    result = course.run("test")

    assert result.status == 2
    assert "one that was made for students holds no tests" in result.err
    assert not course.environment.exists()
    assert course.run("verify").status == 3


# ---- pins ---------------------------------------------------------------------------------------

COMPILED = (
    "# by uv\nnvidia-cudnn-cu13==9.1 ; sys_platform == 'linux'\nrich==15.0.0\n"
    "torch==2.13.0+cpu ; python_version < '4'\ntriton==3.9 ; sys_platform == 'linux'\n"
)
WRITTEN = "# by uv\nrich==15.0.0\ntorch==2.13.0 ; python_version < '4'\n"


def test_pins_drops_what_only_the_cuda_build_needs_and_local_versions(course):
    (course.stub / "compiled").write_text(COMPILED)
    (course.stub / "compiled for tests").write_text(COMPILED + "pytest==9.2.0\n")

    result = course.run("pins")

    assert result.status == 0, result
    assert (course.root / "requirements.txt").read_text() == WRITTEN
    tests = (course.root / "tests" / "requirements.txt").read_text()
    assert tests == WRITTEN + "pytest==9.2.0\n"
    assert not course.environment.exists()


def test_the_courses_pins_are_taken_out_of_those_for_the_tests(course):
    (course.stub / "compiled").write_text("rich==15.0.0\n")
    (course.stub / "compiled for tests").write_text("rich==15.0.0\npytest==9.2.0\n")

    course.run("pins")

    assert course.calls()[:2] == ["within rich==15.0.0", "pytest==9.2.0"]


@pytest.mark.parametrize(
    "failing", [pytest.param("compiled", marks=pytest.mark.deep), "compiled for tests"]
)
def test_pins_that_cannot_be_compiled_leave_requirements_as_they_were(course, failing):
    files = [course.root / "requirements.txt", course.root / "tests" / "requirements.txt"]
    before = [file.read_text() for file in files]
    for compiled in ("compiled", "compiled for tests"):
        (course.stub / compiled).write_text("half\n")
    course.mode(f"fail: {failing}")

    assert course.run("pins").status == 1
    assert [file.read_text() for file in files] == before


def test_pins_without_uv_names_it(tmp_path):
    result = TinyCourse(tmp_path).with_python().run("pins")

    assert result.status == 2
    assert "compiled by uv. Install it" in result.err
