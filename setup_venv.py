#!/usr/bin/env python3
"""Make .venv where it is needed, then run a command in it.

On Linux and macOS call ./setup_venv.sh; on Windows call `py setup_venv.py`.

Only the standard library is used. The file has to start on Python 3.6, because a Python that is
too old for the course must still be able to look for a better one, or to say which is needed.
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
import stat
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

WINDOWS = os.name == "nt"
ROOT = os.path.dirname(os.path.realpath(__file__))
ENVIRONMENT = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, ".venv.lock")
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")
PYPROJECT = os.path.join(ROOT, "pyproject.toml")
ORIENTATION = "lessons/00_orientation.ipynb"

# Marker files, inside the environment. PARTIAL stands while a set-up is at work and becomes
# COMPLETE at its end; a folder without either was not made here and is never touched.
PARTIAL = ".spotlight-partial"
COMPLETE = ".spotlight-complete"

OLDEST, NEWEST = (3, 11), (3, 13)
VERSIONS = ["3.13", "3.12", "3.11"]
WANTED = ">=3.11,<3.14"

# The finished environment measures 1.6 GB; wheels are unpacked into the temporary folder first.
SPACE_FOR_ENVIRONMENT = 2000 * 1000**2
SPACE_FOR_DOWNLOADS = 500 * 1000**2
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

ME = "py setup_venv.py" if WINDOWS else "./setup_venv.sh"
USAGE = f"""\
Usage: {ME} COMMAND [ARGUMENTS]

  lab      open JupyterLab on the orientation (--no-browser on a server; arguments go to Jupyter)
  test     run the test suite (arguments go to pytest)
  verify   run verify.py (without arguments: every lesson, and what to do next)
  pins     for authors: write requirements.txt anew from pyproject.toml (needs uv)

The first call makes .venv; later calls start at once.
"""


class SetupError(Exception):
    """The set-up cannot be done; the message says what happened and what to do."""


class StoppedError(Exception):
    """Somebody stopped the set-up with a signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


def say(text: object) -> None:
    """Tell the user; on stderr, since a command's own output may be read by a program."""
    print(text, file=sys.stderr, flush=True)


# ---- What the installers say, in one sentence ---------------------------------------------------

DISK_FULL = (
    "The disk is full, or your quota on it. Make room for about"
    f" {SPACE_FOR_ENVIRONMENT / 1e9:.1f} GB where the course lies and"
    f" {SPACE_FOR_DOWNLOADS / 1e9:.1f} GB for temporary files, then run the command again."
)

# The first line whose pattern occurs in an installer's output is what went wrong: a full disk
# before the rest, and trouble with the network before "no such version", which pip adds to it.
DIAGNOSES = [
    (
        r"No space left on device|Disk quota exceeded|not enough space on the disk"
        r"|\bos error (28|122|112)\b|\[Errno (28|122)\]|\[WinError 112\]",
        DISK_FULL,
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
]


def diagnose(output: str) -> "str | None":
    """Turn an installer's output into a sentence that says what to do, or None."""
    for pattern, sentence in DIAGNOSES:
        if re.search(pattern, output):
            return sentence
    return None


def os_sentence(error: OSError) -> str:
    """Turn an OSError of our own into such a sentence."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", -1)):
        return DISK_FULL
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{error.filename or ROOT} may not be written. Copy the course to a folder of your own"
            " (or close the programs that use .venv), then run the command again."
        )
    return f"The system refused a file operation: {error}."


# ---- Finding a Python ---------------------------------------------------------------------------


def supported(version: "tuple[int, ...]") -> bool:
    """Whether the course runs on this (major, minor, ...) version."""
    return OLDEST <= version[:2] <= NEWEST


def environment_python(environment: str, windows: bool = WINDOWS) -> str:
    """Where an environment keeps its interpreter."""
    return os.path.join(environment, *(["Scripts", "python.exe"] if windows else ["bin", "python"]))


def python_commands(windows: bool = WINDOWS) -> "list[list[str]]":
    """The commands under which a Python may be found, the user's own choice first."""
    named = [["python3"], ["python"]] + [["python" + version] for version in VERSIONS]
    return ([["py", "-" + version] for version in VERSIONS] if windows else []) + named


def probe(command: "list[str]") -> "tuple[str, tuple[int, int], bool] | None":
    """Ask an interpreter for its path, its (major, minor) and whether it can make environments.

    None where there is no such interpreter or it does not start.
    """
    question = (
        "import importlib.util as u, json, sys; print(json.dumps(["
        "getattr(sys, '_base_executable', sys.executable), sys.version_info[:2],"
        "u.find_spec('ensurepip') is not None]))"
    )
    if shutil.which(command[0]) is None:
        return None
    try:
        answer = ask([*command, "-c", question])
        path, version, can_make = json.loads(answer)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return path, (version[0], version[1]), can_make


def ask(command: "list[str]") -> str:
    """What a short command prints; raises CalledProcessError where it fails."""
    output = subprocess.check_output(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300
    )
    return output.decode().strip()


def find_python(uv: "str | None") -> "tuple[str, tuple[int, int]]":
    """The path and version of a supported interpreter that can make the environment.

    uv: its path or None. Raises SetupError with what to install where there is no interpreter.
    """
    seen: set[tuple[int, int]] = set()
    without_venv = None
    for command in [[sys.executable], *python_commands()]:
        found = probe(command)
        if found is None:
            continue
        path, version, can_make = found
        seen.add(version)
        if supported(version):
            if uv or can_make:
                return path, version
            without_venv = path
    if uv:
        fetched = probe([python_from_uv(uv)])
        if fetched:
            return fetched[:2]
    if without_venv:
        raise SetupError(
            f"{without_venv} lacks the venv module. Install it (on Debian and Ubuntu: sudo apt"
            " install python3-venv), then run the command again."
        )
    only = ", ".join(f"{major}.{minor}" for major, minor in sorted(seen))
    raise SetupError(
        f"Spotlight needs Python 3.11, 3.12 or 3.13, and this machine has only {only}. Install one"
        " of them, from your package manager or https://www.python.org/downloads/, then run the"
        " command again."
    )


def python_from_uv(uv: str) -> str:
    """The path of a supported interpreter that uv knows or fetches; "" where it cannot."""
    with contextlib.suppress(subprocess.SubprocessError):
        return ask([uv, "python", "find", "--system", WANTED])
    say("No suitable Python is installed; uv fetches one (about 30 MB).")
    with contextlib.suppress(subprocess.SubprocessError):
        ask([uv, "python", "install", "3.12"])
        return ask([uv, "python", "find", "--system", WANTED])
    return ""


# ---- What state the environment is in -----------------------------------------------------------


def recipe() -> str:
    """What the environment has to be made from: a hash over pins and package declaration.

    Raises SetupError where the files cannot be read.
    """
    import tomllib  # from Python 3.11 on: older interpreters have handed over by now

    try:
        with open(REQUIREMENTS, "rb") as file:
            pins = file.read().replace(b"\r\n", b"\n").decode()
        with open(PYPROJECT, "rb") as file:
            project = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The course is incomplete ({error}). Fetch it again, with requirements.txt and"
            " pyproject.toml."
        ) from error
    declared = {part: project.get(part) for part in ("build-system", "project")}
    text = json.dumps([pins, declared], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_marker(environment: str) -> "dict[str, Any]":
    """What COMPLETE says: recipe, python and root; empty where there is none."""
    try:
        with open(os.path.join(environment, COMPLETE)) as file:
            marker = json.load(file)
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def version_of(environment: str) -> "tuple[int, int] | None":
    """The (major, minor) of the environment's Python; None where it does not start."""
    if inside(environment):
        return sys.version_info[:2]
    found = probe([environment_python(environment)])
    return found[1] if found else None


def inside(environment: str) -> bool:
    """Whether this very process runs on the environment's interpreter."""
    return os.path.realpath(sys.prefix) == os.path.realpath(environment)


def state(environment: str, wanted: str) -> str:
    """One of: absent, foreign, current, outdated (pins changed), broken (to be made anew)."""
    if not os.path.lexists(environment):
        return "absent"
    if os.path.islink(environment) or not os.path.isdir(environment):
        return "foreign"
    present = os.listdir(environment)
    if not present:
        return "absent"
    if PARTIAL in present:
        return "broken"
    if COMPLETE not in present:
        return "foreign"
    marker = read_marker(environment)
    version = version_of(environment)
    # A system's upgrade can put another Python under an environment, where it finds no package.
    same_python = version and supported(version) and marker.get("python") == list(version)
    # An environment holds absolute paths, so a moved course needs a new one.
    if not same_python or marker.get("root") != ROOT:
        return "broken"
    return "current" if marker.get("recipe") == wanted else "outdated"


# ---- Making it ----------------------------------------------------------------------------------


def torch_attempts(
    torch: str, uv: "str | None", python: str, system: str = sys.platform
) -> "list[tuple[list[str], str]]":
    """The commands to try in turn for PyTorch, each with a note for the user (or "").

    torch: the requirement, such as "torch==2.13.0"; uv: its path or None. On Linux the plain build
    carries several GB of CUDA libraries, so the CPU build comes first; elsewhere they are the same.
    """
    pip = [python, "-m", "pip", "install"]
    uv_pip = [uv or "", "pip", "install", "--python", python]
    plain_pip, plain_uv = [*pip, torch], [*uv_pip, torch]
    if not system.startswith("linux"):
        return [(plain_uv, ""), (plain_pip, "")] if uv else [(plain_pip, "")]
    # The CPU build needs nothing beyond the pins that follow, so its dependencies come with them.
    # Few retries: where the index cannot be reached, the next attempt should start soon.
    once = ["--no-deps", "--retries", "1", "--timeout", "15", "--index-url", TORCH_CPU_INDEX]
    cpu_pip = [*pip, *once, torch]
    cpu_uv = [*uv_pip, "--no-deps", "--torch-backend=cpu", torch]
    note = "PyTorch's CPU index is out of reach; trying the plain build (several GB on Linux)."
    # Of the plain ones pip comes first: a site's pip.conf may offer a CPU build that uv overlooks.
    if uv:
        return [(cpu_uv, ""), (cpu_pip, ""), (plain_pip, note), (plain_uv, "")]
    return [(cpu_pip, ""), (plain_pip, note)]


class Setup:
    """One set-up: its installers, its log and how far it is. Use as a context manager."""

    def __init__(self, lock: int) -> None:
        self.lock = lock
        self.uv = shutil.which("uv")
        self.python = environment_python(ENVIRONMENT)
        self.stopped_by: int | None = None
        self.began = time.time()
        self.step = 0
        self.keep_log = False
        self._handlers: dict[int, Any] = {}
        handle, self.log = tempfile.mkstemp(prefix="spotlight-setup-", suffix=".log")
        os.close(handle)

    def __enter__(self) -> "Setup":
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signum = getattr(signal, name, None)
            # A signal ignored from outside (nohup) stays ignored.
            if signum is not None and signal.getsignal(signum) != signal.SIG_IGN:
                self._handlers[signum] = signal.signal(signum, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for signum, handler in self._handlers.items():
            signal.signal(signum, handler)
        if not self.keep_log:
            os.unlink(self.log)

    def _stop(self, signum: int, _: object) -> None:
        self.stopped_by = signum

    def check_stopped(self) -> None:
        """Raise StoppedError if a signal has come; called between pieces of work."""
        if self.stopped_by is not None:
            raise StoppedError(self.stopped_by)

    def announce(self, text: str) -> None:
        """Say which step begins."""
        self.step += 1
        say(f"[{self.step}/4] {text}")

    def run(self, command: "list[str]", **extra_env: str) -> "tuple[int, str]":
        """Run one installer to its end, its output in the log; return (status, output)."""
        self.check_stopped()
        env = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", **extra_env)
        env.pop("PYTHONHOME", None)
        options: dict[str, Any] = {}
        if not WINDOWS:
            # A group of its own, so that a signal ends the installer with all its children; and a
            # hold on the lock, so that nobody starts beside an installer whose parent was killed.
            options = {"start_new_session": True, "pass_fds": [self.lock]}
        with open(self.log, "ab") as out:
            out.write(("\n$ " + " ".join(command) + "\n").encode("utf-8", "replace"))
            out.flush()
            start = out.tell()
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                **options,
            )
            try:
                self._wait(child, start)
            except StoppedError:
                end_with_children(child)
                raise
        return child.returncode, self.output(start)

    def output(self, start: int) -> str:
        """What the installers wrote to the log from a position on."""
        with open(self.log, "rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")

    def _wait(self, child: "subprocess.Popen[bytes]", start: int) -> None:
        """Wait for the installer; every 15 seconds say where it is."""
        next_report = time.time() + 15
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=0.2)
                return
            self.check_stopped()
            if time.time() >= next_report:
                next_report += 15
                elapsed = time.time() - self.began
                say(f"      {elapsed:.0f} s  {last_line(self.output(start))}".rstrip())

    def failed(self, what: str, output: str) -> SetupError:
        """The SetupError for an installer's output; the log stays for whoever wants to read it."""
        self.keep_log = True
        sentence = diagnose(output)
        if sentence is None:
            own = re.search(r"^\s*error:? *(.+)", output, re.IGNORECASE | re.MULTILINE)
            reason = own.group(1).strip().rstrip(".") if own else "the log below tells why"
            sentence = f"{what} failed: {reason}. Run the command again; if that does not help,"
            sentence += " send the log to your instructor."
        return SetupError(f"{sentence}\nThe installers' full log: {self.log}")

    def must(self, command: "list[str]", what: str) -> None:
        """Run one installer; raise SetupError if it fails."""
        status, output = self.run(command)
        if status != 0:
            raise self.failed(what, output)

    def make(self, host: str) -> None:
        """Make the bare environment, pip inside it, with the interpreter at `host`."""
        if self.uv:
            command = [self.uv, "venv", "--allow-existing", "--seed", "--no-project"]
            self.must([*command, "--python", host, ENVIRONMENT], "uv venv")
        else:
            self.must([host, "-m", "venv", ENVIRONMENT], "python -m venv")

    def install(self) -> None:
        """Install PyTorch, the other pins and the package itself."""
        with open(REQUIREMENTS, encoding="utf-8") as file:
            torch = next(line.split(";")[0].strip() for line in file if line.startswith("torch=="))
        self.announce(f"{torch} ...")
        self.install_torch(torch)

        self.announce("The other packages of requirements.txt ...")
        installer = [self.python, "-m", "pip", "install"]
        if self.uv:
            installer = [self.uv, "pip", "install", "--python", self.python]
        self.must([*installer, "-r", REQUIREMENTS], "The installation of requirements.txt")

        self.announce("Spotlight itself ...")
        # The build backend is among the pins: no second, unpinned download for an isolated build.
        package = ["--no-deps", "--no-build-isolation", "--editable", ROOT]
        self.must([*installer, *package], "The installation of src/")

    def install_torch(self, torch: str) -> None:
        """Install PyTorch by the first attempt that succeeds."""
        for command, note in torch_attempts(torch, self.uv, self.python):
            if note:
                say("      " + note)
            status, output = self.run(command, UV_HTTP_TIMEOUT="15", UV_HTTP_RETRIES="1")
            if status == 0:
                return
            if diagnose(output) == DISK_FULL:
                break
        raise self.failed(f"The installation of {torch}", output)


def end_with_children(child: "subprocess.Popen[bytes]") -> None:
    """End an installer and everything that it started."""
    if sys.platform == "win32":
        subprocess.call(["taskkill", "/F", "/T", "/PID", str(child.pid)], stdout=subprocess.DEVNULL)
        child.wait()
        return
    # pip and uv tidy their temporary files on the first of these.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=3)


def last_line(output: str) -> str:
    """The last line an installer wrote, in ASCII and short enough for a terminal."""
    lines = [line.strip() for line in output.splitlines()]
    lines = [line for line in lines if line and not line.startswith("WARNING")]
    line = lines[-1].encode("ascii", "replace").decode() if lines else ""
    return line if len(line) <= 70 else line[:67] + "..."


def begin_marker(made_from: str, version: "tuple[int, int]") -> None:
    """Mark the environment as ours and under way; COMPLETE gives way to PARTIAL."""
    with open(os.path.join(ENVIRONMENT, PARTIAL), "w") as file:
        json.dump({"recipe": made_from, "python": version, "root": ROOT}, file)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(ENVIRONMENT, COMPLETE))


def complete_marker() -> None:
    """Mark the environment as ready."""
    os.replace(os.path.join(ENVIRONMENT, PARTIAL), os.path.join(ENVIRONMENT, COMPLETE))


def remove_environment() -> None:
    """Remove an environment of ours; its marker goes last, so that a killed removal is resumed."""
    with contextlib.suppress(FileNotFoundError):
        os.replace(os.path.join(ENVIRONMENT, COMPLETE), os.path.join(ENVIRONMENT, PARTIAL))
    for name in os.listdir(ENVIRONMENT):
        path = os.path.join(ENVIRONMENT, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, onerror=_make_writable)
        elif name != PARTIAL:
            os.unlink(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(ENVIRONMENT, PARTIAL))
    os.rmdir(ENVIRONMENT)


def _make_writable(remove: "Callable[..., object]", path: str, _: object) -> None:
    """Help rmtree past read-only files, which Windows refuses to delete."""
    os.chmod(path, stat.S_IWRITE)
    remove(path)


def discard(what: str) -> None:
    """Remove what a failed set-up leaves; never hides the failure itself."""
    say(f"Removing the {what} .venv ...")
    try:
        remove_environment()
    except FileNotFoundError:
        return
    except OSError as error:
        say(f"Not everything of it could be removed ({error}); the next run tries again.")


def installed() -> "set[str]":
    """What lies in the environment's package folder; names hold versions, so any change shows."""
    packages = [("lib", "python*", "site-packages", "*"), ("Lib", "site-packages", "*")]
    found = {path for parts in packages for path in glob.glob(os.path.join(ENVIRONMENT, *parts))}
    return {path for path in found if not path.endswith("__pycache__")}


def check_space() -> None:
    """Raise SetupError where the disk is too full to begin."""
    needs = [(ROOT, SPACE_FOR_ENVIRONMENT), (tempfile.gettempdir(), SPACE_FOR_DOWNLOADS)]
    for folder, needed in needs:
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise SetupError(
                f"The disk is too full: {folder} has {free / 1e9:.1f} GB free, and the set-up needs"
                f" {needed / 1e9:.1f} GB there. Make room, then run the command again."
            )


@contextlib.contextmanager
def only_one_setup() -> "Iterator[int]":
    """Hold the lock of this course folder; yields its descriptor. Waits, and says so."""
    with open(LOCK, "a+") as file:
        said = False
        while not try_lock(file.fileno()):
            if not said:
                said = True
                say("Another set-up is at work in this folder; waiting for it to end.")
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


def ensure_environment() -> None:
    """Bring .venv to where requirements.txt and pyproject.toml want it.

    Raises SetupError or StoppedError, and then leaves either no environment or the former one.
    """
    wanted = recipe()
    if state(ENVIRONMENT, wanted) == "current":
        return
    with only_one_setup() as lock:
        now = state(ENVIRONMENT, wanted)
        if now == "current":
            return
        if now == "foreign":
            raise SetupError(
                f"{ENVIRONMENT} was not made by this set-up, so it stays as it is. Move it away"
                " (for example to .venv.old), then run the command again."
            )
        with Setup(lock) as setup:
            if now == "outdated":
                update(setup, wanted)
            else:
                create(setup, wanted, now)
            say(f"Ready after {time.time() - setup.began:.0f} s.")


def create(setup: Setup, wanted: str, now: str) -> None:
    """Make the environment from nothing; on any failure nothing of it stays."""
    host, version = find_python(setup.uv)
    if now == "broken":
        say("Removing the .venv of an earlier run: it was interrupted, moved, or lost its Python.")
        remove_environment()
    check_space()
    say("This downloads about 400 MB, half of it PyTorch, and fills 1.6 GB: a few minutes, once.")
    setup.announce(f"Making .venv with {host} ({'uv' if setup.uv else 'pip'}) ...")
    try:
        os.makedirs(ENVIRONMENT, exist_ok=True)
        begin_marker(wanted, version)
        setup.make(host)
        setup.install()
        setup.check_stopped()
        complete_marker()
    except BaseException:
        discard("half-made")
        raise


def update(setup: Setup, wanted: str) -> None:
    """Install what changed; if that fails before anything was touched, the former state stays."""
    former, packages = read_marker(ENVIRONMENT), installed()
    setup.announce("The course's requirements have changed; updating .venv ...")
    begin_marker(wanted, former["python"])
    try:
        setup.install()
        setup.check_stopped()
        complete_marker()
    except BaseException:
        if installed() == packages:
            begin_marker(former["recipe"], former["python"])
            complete_marker()
            say("The .venv from before is untouched.")
        else:
            discard("half-updated")
        raise


# ---- The commands -------------------------------------------------------------------------------


def first_page() -> str:
    """The orientation, or where that is not part of the course, its first lesson."""
    lessons = sorted(glob.glob(os.path.join(ROOT, "lessons", "*.ipynb")))
    names = ["lessons/" + os.path.basename(lesson) for lesson in lessons]
    return ORIENTATION if ORIENTATION in names or not names else names[0]


def lab_arguments(
    arguments: "list[str]", environ: "Mapping[str, str]", root_user: bool
) -> "list[str]":
    """JupyterLab's arguments: the course as its root, the orientation as its first page."""
    ours = ["--ServerApp.root_dir=" + ROOT, "--LabApp.default_url=/lab/tree/" + first_page()]
    # Without its chatter, Jupyter prints one thing: the URL with its token. Whoever configured a
    # password or token of their own gets no such line, so there the chatter, with a URL, stays.
    config = environ.get("JUPYTER_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".jupyter")
    own = os.listdir(config) if os.path.isdir(config) else []
    if "JUPYTER_TOKEN" not in environ and not any(name.startswith("jupyter_") for name in own):
        ours.append("--log-level=WARN")
    if root_user:
        ours.append("--allow-root")
    return ["-m", "jupyterlab", *ours, *arguments]


def lab(arguments: "list[str]") -> int:
    """Open JupyterLab on the orientation."""
    if not os.path.exists(os.path.join(ROOT, first_page())):
        raise SetupError(f"{ORIENTATION} is missing. Make it: {ME} verify build")
    say("JupyterLab starts; its URL follows. Ctrl-C, twice, stops it.")
    root_user = hasattr(os, "geteuid") and os.geteuid() == 0
    return become(lab_arguments(arguments, os.environ, root_user), ROOT)


def test(arguments: "list[str]") -> int:
    """Run the test suite."""
    return become(["-m", "pytest", *arguments], ROOT)


def verify(arguments: "list[str]") -> int:
    """Run verify.py where the user stands, so that relative paths mean what they say."""
    return become([os.path.join(ROOT, "verify.py"), *arguments], os.getcwd())


def become(arguments: "list[str]", folder: str, python: "str | None" = None) -> int:
    """Run an interpreter (.venv's by default) in place of this process; return its status."""
    env = dict(os.environ)
    if python is None:
        python = environment_python(ENVIRONMENT)
        env["VIRTUAL_ENV"] = ENVIRONMENT
        env["PATH"] = os.pathsep.join([os.path.dirname(python), env.get("PATH", os.defpath)])
        env.pop("PYTHONHOME", None)
    os.chdir(folder)
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(python, [python, *arguments], env)
    # Windows cannot replace a process: the parent waits, and leaves Ctrl-C to the child.
    child = subprocess.Popen([python, *arguments], env=env)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def pins(arguments: "list[str]") -> int:
    """Write requirements.txt anew, keeping pins that still fit (arguments go to uv)."""
    uv = shutil.which("uv")
    if uv is None:
        raise SetupError("Pins are compiled by uv. Install it: https://docs.astral.sh/uv/")
    with tempfile.TemporaryDirectory() as folder:
        compiled = os.path.join(folder, "requirements.txt")
        if os.path.exists(REQUIREMENTS):
            shutil.copy(REQUIREMENTS, compiled)
        command = [uv, "pip", "compile", "pyproject.toml", "--extra", "test", "--universal"]
        command += ["--python-version", VERSIONS[-1], "--no-annotate", "--output-file", compiled]
        env = dict(os.environ, UV_CUSTOM_COMPILE_COMMAND="./setup_venv.sh pins")
        status = subprocess.call([*command, "--quiet", *arguments], cwd=ROOT, env=env)
        if status != 0:
            return status
        with open(compiled, encoding="utf-8") as file:
            text = portable_pins(file.read())
    with open(REQUIREMENTS, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return 0


def portable_pins(text: str) -> str:
    """Drop what belongs to the plain Linux build of PyTorch alone, and builds' local versions."""
    lines = [line for line in text.splitlines() if not re.match(r"nvidia|cuda|triton", line)]
    return "\n".join(re.sub(r"(==[^+\s]+)\+\S+", r"\1", line) for line in lines) + "\n"


COMMANDS = {"lab": lab, "test": test, "verify": verify}


def main(argv: "list[str]") -> int:
    """Do what the command line asks; return the exit status."""
    command, arguments = (argv[0] if argv else ""), argv[1:]
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command != "pins" and command not in COMMANDS:
        say((f"There is no command {command!r}.\n\n" if command else "") + USAGE.rstrip())
        return 2
    try:
        if command == "pins":
            return pins(arguments)
        if not supported(sys.version_info[:2]):
            return hand_over(argv)
        ensure_environment()
        return COMMANDS[command](arguments)
    except SetupError as error:
        say(error)
        return 2
    except OSError as error:
        say(os_sentence(error))
        return 2
    except StoppedError as stop:
        say("Stopped.")
        return 128 + stop.signum
    except KeyboardInterrupt:
        say("Stopped.")
        return 128 + signal.SIGINT


def hand_over(argv: "list[str]") -> int:
    """Run this file again on an interpreter that the course supports."""
    own = environment_python(ENVIRONMENT)
    found = probe([own])
    python = own if found and supported(found[1]) else find_python(shutil.which("uv"))[0]
    return become([os.path.realpath(__file__), *argv], os.getcwd(), python)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
