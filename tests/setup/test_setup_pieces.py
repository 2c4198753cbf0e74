"""The parts of setup_venv.py that decide without touching anything, every platform's on any."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import namedtuple

import pytest

NETWORK = "The package index cannot be reached"
DISK = "The disk is full"


# Lines as pip 23–26 and uv 0.13 wrote them.
@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", DISK),
        ("error: Failed to extract archive\n  cause: No space left on device (os error 28)", DISK),
        ("OSError: [Errno 122] Disk quota exceeded", DISK),
        ("OSError: [WinError 112] There is not enough space on the disk", DISK),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...: Failed to "
            "establish a new connection: [Errno -2] Name or service not known')'\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            NETWORK,
        ),
        ("NameResolutionError(\"Failed to resolve 'pypi.org' ([Errno -3] Temporary ...", NETWORK),
        ("cause: client error (Connect)\n  cause: dns error\n", NETWORK),
        ("cause: tcp connect error\n  cause: Connection refused (os error 111)", NETWORK),
        ("hint: Packages were unavailable because the network was disabled.", NETWORK),
        ("ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.org'): Read timed out.\")", NETWORK),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "The package index's cert"),
        ("cause: invalid peer certificate: UnknownIssuer", "The package index's certificate"),
        (
            "ERROR: No matching distribution found for torch==2.13.0",
            "The package index offers no PyTorch for this machine",
        ),
        (
            "Because torch==2.13.0 has no wheels with a matching platform tag",
            "The package index offers no PyTorch for this machine",
        ),
        ("this system does not have Windows Long Path support enabled", "Windows cannot write"),
        ("PermissionError: [WinError 32] The process cannot access the file", "Another program"),
    ],
)
def test_what_installers_say_becomes_one_sentence_with_what_to_do(setup_venv, output, sentence):
    assert setup_venv.diagnose(f"Collecting leaf\n{output}\n").startswith(sentence)


@pytest.mark.parametrize(
    "output",
    [
        "Collecting async-timeout==5.0",
        "ERROR: Cannot install rich==1 and typer==2 because these have conflicting dependencies.",
        "ERROR: No matching distribution found for torchvision-extras==9",
        "os error 281",
    ],
)
def test_what_is_not_known_is_not_guessed(setup_venv, output):
    assert setup_venv.diagnose(output) is None


@pytest.mark.parametrize(
    ("number", "beginning"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EACCES, "The course's folder may not be written"),
        (errno.EROFS, "The course's folder may not be written"),
        (errno.EIO, "The system refused a file operation"),
    ],
)
def test_what_the_system_refuses_becomes_a_sentence_too(
    setup_venv, monkeypatch, capsys, number, beginning
):
    def refuse(**_):
        raise OSError(number, os.strerror(number), "/course/.venv")

    monkeypatch.setattr(setup_venv, "ensure_environment", refuse)

    assert setup_venv.main(["verify"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(beginning)
    assert "/course/.venv" in said


def test_interpreters_are_where_each_system_keeps_them(setup_venv):
    posix = setup_venv.environment_python("course", windows=False)
    windows = setup_venv.environment_python("course", windows=True)

    assert posix == os.path.join("course", "bin", "python")
    assert windows == os.path.join("course", "Scripts", "python.exe")


def test_on_windows_the_launcher_is_asked_for_the_supported_versions(setup_venv):
    at_hand, *commands = setup_venv.python_commands(windows=True)

    assert at_hand == [sys._base_executable]
    assert commands[:3] == [["py", "-3.13"], ["py", "-3.12"], ["py", "-3.11"]]
    assert ["py", "-3.13"] not in setup_venv.python_commands(windows=False)


CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PIP = ["python", "-m", "pip", "install"]
UV = ["/bin/uv", "pip", "install", "--python", "python"]


def kinds(attempts):
    """(installer, build) of each attempt."""
    return [
        ("uv" if command[0] == "/bin/uv" else "pip", "cpu" if CPU_INDEX in command else "plain")
        for command in attempts
    ]


def test_on_linux_the_cpu_build_comes_before_the_plain_one(setup_venv):
    with_pip = setup_venv.torch_attempts("torch==2.13.0", PIP, "python", "linux")
    with_uv = setup_venv.torch_attempts("torch==2.13.0", UV, "python", "linux")

    assert kinds(with_pip) == [("pip", "cpu"), ("pip", "plain")]
    assert kinds(with_uv) == [("uv", "cpu"), ("pip", "cpu"), ("pip", "plain"), ("uv", "plain")]


@pytest.mark.parametrize("install", [PIP, UV])
def test_the_first_plain_build_on_linux_is_announced_with_its_size(
    setup_venv, monkeypatch, capsys, install
):
    attempts = setup_venv.torch_attempts("torch==2.13.0", install, "python", "linux")
    monkeypatch.setattr(setup_venv, "run", lambda *_: (1, ""))

    with pytest.raises(setup_venv.SetupError):
        setup_venv.take("Installing torch==2.13.0", attempts, 0)

    assert capsys.readouterr().err.count("several GB") == 1


@pytest.mark.parametrize("system", ["darwin", "win32"])
@pytest.mark.parametrize("install", [PIP, UV])
def test_elsewhere_the_plain_build_is_the_cpu_build(setup_venv, install, system):
    attempts = setup_venv.torch_attempts("torch==2.13.0", install, "python", system)

    assert attempts == [[*install, "torch==2.13.0"]]


@pytest.mark.parametrize("install", [PIP, UV])
def test_an_unreachable_cpu_index_is_not_waited_for(setup_venv, monkeypatch, tmp_path, install):
    monkeypatch.setattr(setup_venv, "LOG", str(tmp_path / "log"))
    told = []

    def start(command, *, env, **_):
        told.append(env)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(setup_venv.subprocess, "Popen", start)
    monkeypatch.setattr(setup_venv, "watch", lambda *_: None)
    attempts = setup_venv.torch_attempts("torch==2.13.0", install, "python", "linux")
    for command in attempts:
        setup_venv.run(command, 0)

    for (_, build), env in zip(kinds(attempts), told, strict=True):
        timeouts = [env.get("PIP_DEFAULT_TIMEOUT"), env.get("UV_HTTP_TIMEOUT")]
        retries = [env.get("PIP_RETRIES"), env.get("UV_HTTP_RETRIES")]
        assert ((timeouts, retries) == (["15", "15"], ["1", "1"])) == (build == "cpu")


@pytest.mark.parametrize("small", ["course", "temporary"])
def test_too_little_room_is_found_before_anything_is_made(setup_venv, monkeypatch, small):
    usage = namedtuple("usage", "free")
    free = {setup_venv.ROOT: 10**12, setup_venv.tempfile.gettempdir(): 10**12}
    folder = setup_venv.ROOT if small == "course" else setup_venv.tempfile.gettempdir()
    free[folder] = 300_000_000
    monkeypatch.setattr(setup_venv.shutil, "disk_usage", lambda path: usage(free[path]))

    with pytest.raises(setup_venv.SetupError, match=r"has 0\.3 GB free, and the set-up needs"):
        setup_venv.check_space()


def test_the_report_of_a_long_step_is_one_short_line_of_ascii(setup_venv):
    output = "Collecting leaf\nWARNING: slow\nDownloading " + "wheel-" * 30 + "\nWARNING: ü\n\n"

    line = setup_venv.last_line(output)

    assert line.startswith("Downloading wheel-")
    assert line.isascii()
    assert len(line) == 70
    assert setup_venv.last_line("") == ""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_jupyter_prints_little_beside_the_url(setup_venv, home):
    assert "--log-level=WARN" in setup_venv.lab_arguments({}, root_user=False)


def test_jupyter_keeps_its_lines_where_a_password_or_token_of_ones_own_hides_the_url(
    setup_venv, home
):
    with_token = setup_venv.lab_arguments({"JUPYTER_TOKEN": "x"}, root_user=False)
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_server_config.json").write_text("{}")
    with_config = setup_venv.lab_arguments({}, root_user=False)

    assert "--log-level=WARN" not in with_token + with_config


def test_root_is_let_in_and_nobody_else_asks_for_it(setup_venv, home):
    assert "--allow-root" in setup_venv.lab_arguments({}, root_user=True)
    assert "--allow-root" not in setup_venv.lab_arguments({}, root_user=False)
