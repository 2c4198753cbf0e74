"""What is not the submission's to change: files, progress, marks, the package, other processes."""

from __future__ import annotations

from hostile_cells import Attack, named

_EACH = """
def attack():
    done = 0
    for path in files_of_the_world():
        try:
            {}
            done += 1
        except OSError:
            continue
    return done
"""


def destroys(name: str, harm: str, source: str, **options: object) -> Attack:
    return Attack(name, harm, source, **options)  # type: ignore[arg-type]


def each(name: str, harm: str, statement: str, **options: object) -> Attack:
    return destroys(name, harm, _EACH.format(statement.replace("\n", "\n            ")), **options)


DESTRUCTIONS = named(
    [
        each("files deleted", "the class's work is gone", "os.unlink(path)"),
        each(
            "files overwritten",
            "other people's marks and work are changed",
            "with open(path, 'r+b') as file: file.write(b'x')",
        ),
        each("files cut", "the class's work is empty", "os.truncate(path, 0)"),
        each(
            "files appended to", "marks are added", "with open(path, 'a') as file: file.write('x')"
        ),
        each("files renamed", "the class's work is somewhere else", "os.rename(path, path + '~')"),
        each(
            "files replaced by links",
            "the grader follows a link to where it should not write",
            "os.symlink('/dev/null', path + '.new')\nos.replace(path + '.new', path)",
        ),
        each(
            "files linked into the scratch folder",
            "what is removed or written there is the class's work",
            "os.link(path, f'linked{done}')",
        ),
        each("rights changed", "files can no longer be read, or by everybody", "os.chmod(path, 0)"),
        each(
            "times changed",
            "work seems to be handed in late",
            "os.utime(path, (1, 1))",
        ),
        each(
            "owners changed",
            "files belong to somebody else",
            "os.chown(path, 12345, 12345)",
            needs="privilege",
        ),
        each(
            "attributes added", "files carry what nobody sees", "os.setxattr(path, b'user.x', b'1')"
        ),
        destroys(
            "files made",
            "a folder that is graded next has one more submission",
            """
def attack():
    places = [WORLD, WORLD + "/class", WORLD + "/out", WORLD + "/home", WORLD + "/course/lessons"]
    places += ["/tmp", "/var/tmp", "/dev/shm", "/run", "/etc", "/", os.path.dirname(os.getcwd())]
    done = []
    for place in places:
        try:
            open(f"{place}/{NAME}", "w").close()
            done.append(place)
        except OSError:
            continue
    return done
""",
        ),
        destroys(
            "folders and links made",
            "a folder that is graded next leads elsewhere",
            """
def attack():
    return tried(
        lambda: os.mkdir(f"{WORLD}/class/{NAME}") or "a folder",
        lambda: os.symlink("/etc", f"{WORLD}/class/{NAME}") or "a link",
        lambda: os.mkfifo(f"{WORLD}/class/{NAME}") or "a pipe",
        lambda: os.mknod(f"{WORLD}/class/{NAME}") or "a file",
    )
""",
        ),
        destroys(
            "code in site-packages",
            "every Python that starts next runs the submission's code",
            """
def attack():
    import sysconfig, spotlight
    paths = sysconfig.get_paths()
    package = os.path.dirname(spotlight.__file__)
    return tried(
        lambda: open(f"{paths['purelib']}/{NAME}.pth", "w").write("# nothing\\n"),
        lambda: open(f"{paths['stdlib']}/{NAME}.py", "w").write("# nothing\\n"),
        lambda: open(f"{package}/{NAME}.py", "w").write("# nothing\\n"),
        lambda: open(f"{package}/sandbox/{NAME}.py", "w").write("# nothing\\n"),
        lambda: os.utime(f"{package}/sandbox/program.py"),
    )
""",
            needs="privilege",
        ),
        destroys(
            "modules left in the scratch folder",
            "the next worker imports the submission's code",
            """
def attack():
    for folder in (".", "..", os.path.expanduser("~"), os.path.dirname(os.getcwd())):
        for name in ("sitecustomize", "usercustomize", "torch", "numpy", "json", "spotlight"):
            try:
                with open(f"{folder}/{name}.py", "w") as file:
                    file.write(f"import os; os.kill({SUPERVISOR}, 10)\\n")
            except OSError:
                continue
""",
            own_control=True,
        ),
        destroys(
            "what is left in caches of the process",
            "the next student's job meets the submission's code",
            """
def attack():
    import linecache, sys, types, builtins, warnings
    linecache.cache.clear()
    sys.modules["torch"] = sys.modules["numpy"] = types.ModuleType("torch")
    sys.path[:] = ["."]
    builtins.compile = builtins.eval = builtins.exec = None
    os.environ.clear()
    os.chdir("/")
""",
            own_control=True,
        ),
        destroys(
            "the supervisor signalled",
            "the grader is ended",
            "def attack(): return os.kill(SUPERVISOR, 10) or 'sent'",
        ),
        destroys(
            "the supervisor signalled, three more ways",
            "the grader is ended by a call that is not kill",
            """
def attack():
    import signal
    info = (ctypes.c_int * 32)(10, 0, -1)
    ways = [
        lambda: raw("tgkill", SUPERVISOR, SUPERVISOR, 10) == 0,
        lambda: raw("rt_tgsigqueueinfo", SUPERVISOR, SUPERVISOR, 10, info) == 0,
        lambda: signal.pidfd_send_signal(os.pidfd_open(SUPERVISOR), 10) is None,
    ]
    done = []
    for number, way in enumerate(ways):
        try:
            if way(): done.append(number)
        except OSError:
            continue
    return done
""",
        ),
        destroys(
            "siblings killed",
            "other people's processes are ended",
            """
def attack():
    return tried(
        lambda: os.kill(SIBLING, 9) or "killed",
        lambda: os.killpg(os.getpgid(SIBLING), 18) or "woken",
        lambda: raw("kill", SIBLING, 18) == 0,
    )
""",
        ),
        destroys(
            "everybody signalled",
            "every process of the user's gets a signal",
            "def attack(): return os.kill(-1, 18) or 'sent'",
        ),
        destroys(
            "the fork server killed",
            "nobody can be graded any more",
            """
def attack():
    return tried(
        lambda: os.kill(os.getppid(), 9) or "killed",
        lambda: os.kill(SERVER, 9) or "killed",
    )
""",
            own_control=True,
        ),
        destroys(
            "the fork server stopped",
            "everybody waits for ever",
            """
def attack():
    import signal
    return tried(
        lambda: os.kill(os.getppid(), signal.SIGSTOP) or "stopped",
        lambda: os.kill(SERVER, signal.SIGSTOP) or "stopped",
    )
""",
            own_control=True,
            statuses=("failed", "error", "crashed", "timeout"),
        ),
        destroys(
            "signals by a timer and by a descriptor's owner",
            "the kernel sends the signal that the submission may not",
            """
def attack():
    import fcntl
    read, write = os.pipe()
    fcntl.fcntl(read, fcntl.F_SETOWN, SUPERVISOR)
    fcntl.fcntl(read, 10, 10)  # F_SETSIG: SIGUSR1 instead of SIGIO
    fcntl.fcntl(read, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(write, b"x")
    os.read(read, 1)
""",
        ),
        destroys(
            "limits, priority and processors of others",
            "other people's processes are slowed down or starved",
            """
def attack():
    import resource
    return tried(
        lambda: resource.prlimit(SIBLING, resource.RLIMIT_NOFILE, (3, 3)),
        lambda: os.setpriority(os.PRIO_PROCESS, SIBLING, 19) or "slowed",
        lambda: os.sched_setaffinity(SIBLING, {0}) or "moved",
        lambda: resource.prlimit(SUPERVISOR, resource.RLIMIT_CORE, (0, 0)) and "limited",
    )
""",
        ),
        destroys(
            "everybody slowed down",
            "all processes of the user's get the lowest priority",
            "def attack(): return os.setpriority(os.PRIO_PGRP, os.getpgid(SIBLING), 1) or 'slowed'",
        ),
        destroys(
            "the grader's own files through /proc",
            "a descriptor of the supervisor's is written to",
            """
def attack():
    for pid in (SUPERVISOR, SERVER, os.getppid()):
        for number in range(3, 64):
            try:
                if "pipe" in os.readlink(f"/proc/{pid}/fd/{number}"):
                    with open(f"/proc/{pid}/fd/{number}", "wb", 0) as pipe:
                        return pipe.write(b"\\0" * 100)
            except OSError:
                continue
""",
            own_control=True,
        ),
        destroys(
            "answer keys emptied",
            "the next grading compares with what the submission wants",
            """
def attack():
    import glob
    for path in glob.glob(WORLD + "/keys/*.key"):
        os.truncate(path, 0)
""",
        ),
    ]
)
