#!/usr/bin/env python3
"""Make .venv where it is needed, then run a command in it.

On Linux and macOS call ./setup_venv.sh; on Windows call `py setup_venv.py`.

Only the standard library is used. The file has to run on Python 3.6, because a Python that is too
old for the course must still be able to find a better one, or to say which is needed.
Text stays ASCII, since an old Python in a C locale can print nothing else.
"""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

BEGAN = time.time()
WINDOWS = os.name == "nt"
ROOT = os.path.dirname(os.path.realpath(__file__))
ENVIRONMENT = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, ".venv.lock")
LOG = os.path.join(ROOT, ".venv.log")
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")
TEST_REQUIREMENTS = os.path.join(ROOT, "tests", "requirements.txt")
PYPROJECT = os.path.join(ROOT, "pyproject.toml")
PINS = os.path.join(ROOT, "tests", "pins.py")
ORIENTATION = "lessons/00_orientation.ipynb"

# A file in every environment that was made here. It says what the environment holds: nothing, while
# a set-up is at work. A folder without it is somebody else's and never touched.
MARKER = os.path.join(ENVIRONMENT, ".spotlight-complete")

VERSIONS = [(3, 13), (3, 12), (3, 11)]
WANTED = ">=3.11,<3.14"

# The course's environment takes 1.4e9 bytes; wheels are unpacked into the temporary folder first.
SPACE_FOR_ENVIRONMENT = 1700 * 1000**2
SPACE_FOR_DOWNLOADS = 500 * 1000**2
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

ME = "py setup_venv.py" if WINDOWS else "./setup_venv.sh"
USAGE = f"""\
Usage: {ME} COMMAND [ARGUMENTS]

  lab      open JupyterLab on the orientation (--no-browser on a server; arguments go to Jupyter)
  test     run the test suite (arguments go to pytest); the first call adds the test tools
  verify   run verify.py (without arguments: every lesson, and what to do next)
  pins     for authors: write both requirements.txt anew from pyproject.toml (needs uv)

The first call makes .venv; later calls start at once.
"""


class SetupError(Exception):
    """The set-up cannot be done; the message says what happened and what to do."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def say(text: object) -> None:
    """Tell the user; on stderr, since a command's own output may be read by a program."""
    print(text, file=sys.stderr, flush=True)


# ---- What goes wrong, in one sentence -----------------------------------------------------------

NO_PYTHON = (
    "Spotlight needs Python 3.11, 3.12 or 3.13, and this machine has none of them. Install one,"
    " from your package manager or https://www.python.org/downloads/, then run the command again."
)

# The first line whose pattern occurs in what the system or an installer says is what went wrong: a
# full disk before the rest, and the network before "no such version", which pip adds to it.
DIAGNOSES = [
    (
        r"No space left on device|Disk quota exceeded|not enough space on the disk"
        r"|\bos error (28|122|112)\b|\[Errno (28|122)\]|\[WinError 112\]",
        "The disk is full, or your quota on it. Make room for about"
        f" {SPACE_FOR_ENVIRONMENT / 1e9:.1f} GB where the course lies and"
        f" {SPACE_FOR_DOWNLOADS / 1e9:.1f} GB for temporary files, then run the command again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer",
        "The package index's certificate was not accepted, as happens behind a proxy that inspects"
        " traffic. Point PIP_CERT and SSL_CERT_FILE to your institution's certificate, then run the"
        " command again.",
    ),
    (
        r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError"
        r"|Failed to establish a new connection|[Nn]ame resolution|Name or service not known"
        r"|nodename nor servname|getaddrinfo failed|dns error|Connection refused"
        r"|Connection reset|Connection aborted|Network is unreachable|No route to host"
        r"|timed out|error sending request|[Nn]etwork (connectivity )?(is|was) disabled",
        "The package index cannot be reached. Check the network (and HTTPS_PROXY, if you use a"
        " proxy), then run the command again.",
    ),
    (r"No interpreter found", NO_PYTHON),
    (
        r"No matching distribution found for torch\b|torch\S* has no wheels",
        "The package index offers no PyTorch for this machine, or cannot be reached. PyTorch needs"
        " a 64-bit Python on Linux, Windows or a Mac with Apple silicon (macOS 14 or later);"
        " elsewhere, use such a machine over the network.",
    ),
    (
        r"Long Path support|\[WinError 206\]",
        "Windows cannot write paths this long. Move the course nearer to the top of the drive, for"
        " example to C:\\spotlight, then run the command again.",
    ),
    (
        r"\[WinError (5|32)\]",
        "Another program holds files of .venv open. Close JupyterLab, editors and terminals that"
        " use it, then run the command again.",
    ),
    (
        r"\[Errno (1|13|30)\]",
        "The course's folder may not be written. Copy the course to a folder of your own (or close"
        " the programs that use .venv), then run the command again.",
    ),
]
DISK_FULL = DIAGNOSES[0][1]


def diagnose(output: str) -> "str | None":
    """Turn what an installer or the system says into a sentence with what to do, or None."""
    return next((sentence for pattern, sentence in DIAGNOSES if re.search(pattern, output)), None)


def check_space() -> None:
    """Raise SetupError where the disk is too full to begin."""
    needs = ((ROOT, SPACE_FOR_ENVIRONMENT), (tempfile.gettempdir(), SPACE_FOR_DOWNLOADS))
    for folder, size in needs:
        free = shutil.disk_usage(folder).free
        if free < size:
            raise SetupError(
                f"The disk is too full: {folder} has {free / 1e9:.1f} GB free, and the set-up needs"
                f" {size / 1e9:.1f} GB there. Make room, then run the command again."
            )


# ---- Finding a Python ---------------------------------------------------------------------------


def environment_python(environment: str = ENVIRONMENT, windows: bool = WINDOWS) -> str:
    """Where an environment keeps its interpreter."""
    return os.path.join(environment, *(["Scripts", "python.exe"] if windows else ["bin", "python"]))


def python_commands(windows: bool = WINDOWS) -> "list[list[str]]":
    """The commands under which a Python may be found, the one at hand and the user's choice first.

    The one at hand is what this runs on, or where that is .venv's own, what .venv was made with.
    """
    versions = [f"{major}.{minor}" for major, minor in VERSIONS]
    launcher = [["py", "-" + version] for version in versions] if windows else []
    named = [["python3"], ["python"], *(["python" + version] for version in versions)]
    return [[getattr(sys, "_base_executable", sys.executable)], *launcher, *named]


def probe(command: "list[str]") -> "tuple[tuple[int, ...], bool]":
    """An interpreter's (major, minor), and whether it can make environments.

    The version is empty where there is no such interpreter or it does not start.
    """
    can_make = "importlib.util.find_spec('ensurepip') is not None"
    question = f"import importlib.util, sys; print(*sys.version_info[:2], {can_make})"
    null = subprocess.DEVNULL
    try:
        answer = subprocess.check_output([*command, "-c", question], stdin=null, stderr=null)
        major, minor, complete = answer.decode().split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return (), False
    return (int(major), int(minor)), complete == "True"


def find_python() -> "list[str]":
    """The command of a supported interpreter that can make the environment.

    Raises SetupError with what to install where there is none.
    """
    sentence = NO_PYTHON
    for command in python_commands():
        version, can_make = probe(command)
        if version in VERSIONS and can_make:
            return command
        if version in VERSIONS:
            sentence = (
                f"{' '.join(command)} lacks the venv module. Install it (on Debian and Ubuntu: sudo"
                " apt install python3-venv), then run the command again."
            )
    raise SetupError(sentence)


# ---- What is wanted, and what is there ----------------------------------------------------------


def read(path: str) -> str:
    """The text of a file of the course."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise SetupError(
            f"This copy of the course is incomplete ({error}). Fetch it again; one that was made"
            " for students holds no tests."
        ) from error


def wanted_parts(with_tests: bool) -> "dict[str, str]":
    """What .venv has to hold, for the course and for its tests, each as a hash of the recipe."""
    # The settings of tools end pyproject.toml, and change nothing of the package.
    parts = {"recipe": read(REQUIREMENTS) + read(PYPROJECT).partition("\n[tool.")[0]}
    if with_tests:
        parts["tests"] = read(TEST_REQUIREMENTS)
    return {part: hashlib.sha256(text.encode()).hexdigest() for part, text in parts.items()}


def present_parts() -> "dict[str, str]":
    """What .venv holds, by its marker; empty where it has to be made, or made anew.

    Raises SetupError where it is somebody else's.
    """
    if not os.path.lexists(ENVIRONMENT):
        return {}
    folder = os.path.isdir(ENVIRONMENT) and not os.path.islink(ENVIRONMENT)
    if not folder or (os.listdir(ENVIRONMENT) and not os.path.exists(MARKER)):
        raise SetupError(
            f"{ENVIRONMENT} was not made by this set-up, so it stays as it is. Move it away"
            " (for example to .venv.old), then run the command again."
        )
    try:
        with open(MARKER) as file:
            marker: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    # An environment holds absolute paths, so a moved course needs a new one; and a system's upgrade
    # can put another Python under it, which finds none of its packages.
    root, python, version = marker.pop("root"), marker.pop("python"), version_in_environment()
    usable = root == ROOT and version in VERSIONS and python == list(version)
    return marker if usable else {}


def version_in_environment() -> "tuple[int, ...]":
    """The (major, minor) of the environment's Python; empty where it does not start."""
    if os.path.realpath(sys.prefix) == os.path.realpath(ENVIRONMENT):  # it runs this very file
        return sys.version_info[:2]
    return probe([environment_python()])[0]


def mark(parts: "dict[str, str]") -> None:
    """Write down what the environment holds now, in one go."""
    with open(MARKER + ".new", "w") as file:
        json.dump(dict(parts, root=ROOT, python=version_in_environment()), file)
    os.replace(MARKER + ".new", MARKER)


# ---- Making it ----------------------------------------------------------------------------------


def ensure_environment(with_tests: bool) -> None:
    """Bring .venv to where the requirements want it; those of the tests only where asked to.

    Raises SetupError, and then leaves either no environment or the former one.
    """
    wanted = wanted_parts(with_tests)
    if wanted.items() <= present_parts().items():
        return
    with only_one_setup() as lock:
        present = present_parts()
        missing = [part for part in wanted if present.get(part) != wanted[part]]
        if not missing:  # the set-up that was waited for has made it all
            return
        heed_signals()
        open(LOG, "wb").close()
        steps, former = plan(present, missing), installed()
        try:
            os.makedirs(ENVIRONMENT, exist_ok=True)
            mark({})
            for number, (what, attempts) in enumerate(steps, 1):
                say(f"[{number}/{len(steps)}] {what} ...")
                take(what, attempts, lock)
            mark({**present, **wanted})
        except BaseException:
            step_back(present, former)
            raise
        say(f"Ready after {time.time() - BEGAN:.0f} s.")


def plan(present: "dict[str, str]", missing: "list[str]") -> "list[tuple[str, list[list[str]]]]":
    """Say what comes and clear the way; return the steps, each with the commands to try in turn.

    Raises SetupError where there is no Python to begin with, or no room.
    """
    uv, python = shutil.which("uv"), environment_python()
    install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    steps = []
    if not present:
        if uv:
            by = "uv, which fetches a Python (30 MB) where none is suitable"
            host = python_commands()[0][0] if sys.version_info[:2] in VERSIONS else WANTED
            make = [uv, "venv", "--allow-existing", "--seed", "--no-project", "--python", host]
        else:
            make = [*find_python(), "-m", "venv"]
            by = make[0]
        if os.path.exists(MARKER):
            say("Removing an earlier run's .venv: it was interrupted, moved, or lost its Python.")
            remove_environment()
        check_space()
        say("This downloads about 300 MB, most of it PyTorch, and fills 1.3 GB: minutes, but once.")
        steps += [(f"Making .venv with {by}", [[*make, ENVIRONMENT]])]
    elif "recipe" in missing:
        say("The course's requirements have changed; updating .venv ...")
    if "recipe" in missing:
        torch = next(line for line in read(REQUIREMENTS).splitlines() if line.startswith("torch=="))
        torch = torch.split(";")[0].strip()
        others = [*install, "-r", REQUIREMENTS]
        # The build backend is among the pins: no second, unpinned download for an isolated build.
        itself = [*install, "--no-deps", "--no-build-isolation", "--editable", ROOT]
        steps += [(f"Installing {torch}", torch_attempts(torch, install, python))]
        steps += [("Installing the other packages of requirements.txt", [others])]
        steps += [("Installing Spotlight itself", [itself])]
    if "tests" in missing:
        say("The tests need tools of their own: about 90 MB to download, once.")
        steps += [("Installing tests/requirements.txt", [[*install, "-r", TEST_REQUIREMENTS]])]
    return steps


def torch_attempts(
    torch: str, install: "list[str]", python: str, system: str = sys.platform
) -> "list[list[str]]":
    """The commands to try in turn for PyTorch.

    torch: the requirement, such as "torch==2.13.0"; install: pip's or uv's command. On Linux the
    plain build carries several GB of CUDA libraries, so the CPU build comes first; elsewhere they
    are the same.
    """
    if not system.startswith("linux"):
        return [[*install, torch]]
    pip = [python, "-m", "pip", "install"]
    installers = [pip] if install == pip else [install, pip]
    # The CPU build needs nothing beyond the pins that follow, so its dependencies come with them.
    options = ["--no-deps", "--index-url", TORCH_CPU_INDEX]
    cpu = [[*installer, *options, torch] for installer in installers]
    # Of the plain ones pip comes first: a site's pip.conf may offer a CPU build that uv overlooks.
    return cpu + [[*installer, torch] for installer in reversed(installers)]


def take(what: str, attempts: "list[list[str]]", lock: int) -> None:
    """Take a step by the first attempt that succeeds; raise SetupError where none does."""
    previous: list[str] = []
    for command in attempts:
        if TORCH_CPU_INDEX in previous and TORCH_CPU_INDEX not in command:
            say("      PyTorch's CPU index is out of reach; trying the plain build (several GB).")
        previous = command
        status, output = run(command, lock)
        if status == 0:
            return
        if diagnose(output) == DISK_FULL:
            break
    own = re.search(r"^\s*error:? *(.+)", output, re.IGNORECASE | re.MULTILINE)
    reason = own.group(1).strip().rstrip(".") if own else "the log below tells why"
    sentence = diagnose(output) or (
        f"{what} failed: {reason}. Run the command again; if that does not help, send the log to"
        " your instructor."
    )
    raise SetupError(f"{sentence}\nThe installers' full log: {LOG}")


def run(command: "list[str]", lock: int) -> "tuple[int, str]":
    """Run one installer to its end, its output in the log; return (status, output)."""
    env = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    env.pop("PYTHONHOME", None)
    if TORCH_CPU_INDEX in command:  # out of reach, it should not be waited for: there is another
        quick = {"PIP_DEFAULT_TIMEOUT": "15", "UV_HTTP_TIMEOUT": "15"}
        env.update(quick, PIP_RETRIES="1", UV_HTTP_RETRIES="1")
    # A group of its own, so that a signal ends the installer with all its children; and a hold on
    # the lock, so that nobody starts beside an installer whose parent was killed.
    group: dict[str, Any] = {} if WINDOWS else {"start_new_session": True, "pass_fds": [lock]}
    with open(LOG, "ab") as log:
        log.write(("\n$ " + " ".join(command) + "\n").encode("utf-8", "replace"))
        log.flush()
        start = log.tell()
        null = subprocess.DEVNULL
        child = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=null, stdout=log, stderr=log, **group
        )
    try:
        watch(child, start)
    except BaseException:
        end_with_children(child)
        raise
    return child.returncode, logged(start)


def watch(child: "subprocess.Popen[bytes]", start: int) -> None:
    """Wait for an installer, saying every 15 seconds where it is; raise SetupError on a signal."""
    report = time.time() + 15
    while child.poll() is None and not stopped_by:
        time.sleep(0.1)
        if time.time() >= report:
            report += 15
            say(f"      {time.time() - BEGAN:.0f} s  {last_line(logged(start))}".rstrip())
    if stopped_by:
        raise SetupError("Stopped.", 128 + stopped_by[0])


def logged(start: int) -> str:
    """What the installers wrote to the log from a position on."""
    with open(LOG, "rb") as log:
        log.seek(start)
        return log.read().decode("utf-8", "replace")


def last_line(output: str) -> str:
    """The last line an installer wrote, in ASCII and short enough for a terminal."""
    lines = [line.strip() for line in output.splitlines() if not line.startswith("WARNING")]
    return "".join([line for line in lines if line][-1:]).encode("ascii", "replace").decode()[:70]


def end_with_children(child: "subprocess.Popen[bytes]") -> None:
    """End an installer and everything that it started."""
    if sys.platform == "win32":
        subprocess.call(["taskkill", "/F", "/T", "/PID", str(child.pid)], stdout=subprocess.DEVNULL)
        return
    # pip and uv tidy their temporary files on the first of these.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(child.pid, signum)
            child.wait(timeout=3)


stopped_by: "list[int]" = []


def heed_signals() -> None:
    """From now on a signal does not end this process, but is noted for watch to see."""
    for signum in (signal.SIGINT, signal.SIGTERM, *([] if WINDOWS else [signal.SIGHUP])):
        if signal.getsignal(signum) != signal.SIG_IGN:  # ignored from outside (nohup), it stays so
            signal.signal(signum, lambda number, _: stopped_by.append(number))


def installed() -> "set[str]":
    """What lies in the environment's package folder; names hold versions, so any change shows."""
    folders = ("lib/python*/site-packages/*", "Lib/site-packages/*")
    found = {path for folder in folders for path in glob.glob(os.path.join(ENVIRONMENT, folder))}
    return {path for path in found if not path.endswith("__pycache__")}


def step_back(present: "dict[str, str]", former: "set[str]") -> None:
    """After a failure bring the former environment back, or remove what there is.

    present, former: the parts and the packages it held. While these are all there, it suffices to
    remove what has come on top. Never hides the failure itself.
    """
    try:
        if present and former <= installed():
            delete(installed() - former)
            mark(present)
            say("The .venv from before is untouched.")
        else:
            say(f"Removing the {'half-updated' if present else 'half-made'} .venv ...")
            remove_environment()
    except OSError as error:
        say(f"Not everything of it could be removed ({error}); the next run tries again.")


def remove_environment() -> None:
    """Remove an environment of ours; its marker goes last, so that a killed removal is resumed."""
    mark({})
    delete({os.path.join(ENVIRONMENT, name) for name in os.listdir(ENVIRONMENT)} - {MARKER})
    os.unlink(MARKER)
    os.rmdir(ENVIRONMENT)


def delete(paths: "set[str]") -> None:
    """Delete files, links, and folders with all that is in them."""
    for path in paths:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


@contextlib.contextmanager
def only_one_setup() -> "Iterator[int]":
    """Hold the lock of this course folder; yields its descriptor. Waits, and says so."""
    with open(LOCK, "a+") as file:
        if not try_lock(file.fileno()):
            say("Another set-up is at work in this folder; waiting for it to end.")
            while not try_lock(file.fileno()):
                time.sleep(0.3)
        yield file.fileno()


def try_lock(descriptor: int) -> bool:
    """Take the operating system's lock on an open file; False while another holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems know no locks: better to go on without than not at all.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


# ---- The commands -------------------------------------------------------------------------------


def lab_arguments(environ: "Mapping[str, str]", root_user: bool) -> "list[str]":
    """JupyterLab's arguments: the course as its root, the orientation as its first page."""
    lessons = sorted(glob.glob(os.path.join(ROOT, "lessons", "*.ipynb")))
    if not lessons:
        raise SetupError(f"{ORIENTATION} is missing. Make it: {ME} verify build")
    first = "lessons/" + os.path.basename(lessons[0])
    page = ORIENTATION if os.path.exists(os.path.join(ROOT, ORIENTATION)) else first
    ours = ["--ServerApp.root_dir=" + ROOT, "--LabApp.default_url=/lab/tree/" + page]
    # Without its chatter, Jupyter prints one thing: the URL with its token. Whoever configured a
    # password or token of their own gets no such line, so there the chatter, with a URL, stays.
    config = environ.get("JUPYTER_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".jupyter")
    own = os.listdir(config) if os.path.isdir(config) else []
    if "JUPYTER_TOKEN" not in environ and not any(name.startswith("jupyter_") for name in own):
        ours.append("--log-level=WARN")
    return [*ours, "--allow-root"] if root_user else ours


def become(arguments: "list[str]", folder: str) -> int:
    """Run .venv's interpreter in place of this process; return its status."""
    python = environment_python()
    path = os.pathsep.join([os.path.dirname(python), os.environ.get("PATH", os.defpath)])
    env = dict(os.environ, VIRTUAL_ENV=ENVIRONMENT, PATH=path)
    env.pop("PYTHONHOME", None)
    os.chdir(folder)
    if not WINDOWS:
        os.execve(python, [python, *arguments], env)
    # Windows cannot replace a process: the parent waits, and leaves Ctrl-C to the child.
    child = subprocess.Popen([python, *arguments], env=env)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def main(argv: "list[str]") -> int:
    """Do what the command line asks; return the exit status."""
    command, arguments = (argv[0] if argv else ""), argv[1:]
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command not in ("lab", "test", "verify", "pins"):
        say((f"There is no command {command!r}.\n\n" if command else "") + USAGE.rstrip())
        return 2
    try:
        if command == "pins":
            return subprocess.call([sys.executable, PINS, *arguments])
        ensure_environment(with_tests=command == "test")
        if command == "lab":
            root_user = hasattr(os, "geteuid") and os.geteuid() == 0
            ours = lab_arguments(os.environ, root_user)
            say("JupyterLab starts; its URL follows. Ctrl-C, twice, stops it.")
            return become(["-m", "jupyterlab", *ours, *arguments], ROOT)
        if command == "test":
            return become(["-m", "pytest", *arguments], ROOT)
        # Where the user stands, so that relative paths mean what they say.
        return become([os.path.join(ROOT, "verify.py"), *arguments], os.getcwd())
    except SetupError as error:
        say(error)
        return error.status
    except OSError as error:
        say(f"{diagnose(str(error)) or 'The system refused a file operation.'} ({error})")
        return 2
    except KeyboardInterrupt:
        say("Stopped.")
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
