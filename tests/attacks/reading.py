"""What is not the submission's to know: solutions, keys, other people's work, the machine."""

from __future__ import annotations

from hostile_cells import Attack, named


def reads(name: str, harm: str, source: str, **options: object) -> Attack:
    return Attack(name, harm, source, **options)  # type: ignore[arg-type]


def folder(name: str, harm: str, below: str) -> Attack:
    return reads(name, harm, f"def attack(): return secrets_below(WORLD + {below!r})")


READINGS = named(
    [
        folder("the solutions", "the course's answers leave with the report", "/course/solutions"),
        folder("the whole course", "masters and progress are read", "/course"),
        folder("the class", "other people's work is read", "/class"),
        folder("the gradebook", "other people's marks are read", "/out"),
        folder("private keys", "the teacher's ssh key leaves with the report", "/home/.ssh"),
        folder("the answer keys in the cache", "expected values are read", "/home/.cache"),
        reads(
            "a file through a link that is made in the scratch folder",
            "a link leads out of the folder that may be read",
            """
def attack():
    os.symlink(WORLD, "out")
    return secrets_below("out/class") or secrets_below("out/course")
""",
        ),
        reads(
            "a file through a hard link",
            "a file gets a second name where it may be read",
            """
def attack():
    os.link(WORLD + "/out/gradebook.csv", "mine.csv")
    return secrets_in(open("mine.csv").read())
""",
        ),
        reads(
            "a file through /proc/self/root",
            "another path to the same file is not watched",
            """
def attack():
    return tried(*(
        lambda way=way: secrets_below(f"/proc/{way}{WORLD}/out")
        for way in ("self/root", "1/root", f"{SUPERVISOR}/root", f"{SERVER}/root", "thread-self/root")
    ))
""",  # noqa: E501
        ),
        reads(
            "a folder that is listed",
            "names of the other students are read",
            "def attack(): return tried(lambda: os.listdir(WORLD + '/class'), "
            "lambda: os.listdir(WORLD))",
        ),
        reads(
            "/etc/shadow",
            "passwords of the machine leave with the report",
            "def attack(): return open('/etc/shadow').read()",
            needs="privilege",
        ),
        reads(
            "homes",
            "what lies in the homes of the machine is read",
            """
def attack():
    import pwd
    homes = {entry.pw_dir for entry in pwd.getpwall()} | {"/root", "/home"}
    names = (".bashrc", ".profile", ".bash_history", ".gitconfig", ".ssh/authorized_keys")
    for home in sorted(homes):
        for name in names:
            try:
                if text := open(os.path.join(home, name)).read():
                    return text
            except OSError:
                continue
""",
            needs="privilege",
        ),
        reads(
            "the environment",
            "tokens in the teacher's environment leave with the report",
            """
def attack():
    import ctypes
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ")
    listed, at = [], 0
    while environ[at]:
        listed.append(environ[at])
        at += 1
    return secrets_in(b" ".join(listed)) or secrets_in(str(dict(os.environ)))
""",
        ),
        reads(
            "the supervisor's environment",
            "tokens in the teacher's environment leave with the report",
            """
def attack():
    return tried(*(
        lambda pid=pid: secrets_in(open(f"/proc/{pid}/environ", "rb").read())
        for pid in (SUPERVISOR, SERVER, os.getppid(), 1, "self")
    ))
""",
        ),
        reads(
            "everybody's command lines and environments",
            "secrets on command lines of the machine are read",
            """
def attack():
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        for name in ("environ", "cmdline"):
            try:
                found += secrets_in(open(f"/proc/{pid}/{name}", "rb").read())
            except OSError:
                continue
    return found
""",
        ),
        reads(
            "descriptors of others",
            "files that others have open are read through /proc",
            """
def attack():
    for pid in (SUPERVISOR, SERVER, os.getppid(), 1):
        for number in range(64):
            try:
                path = os.readlink(f"/proc/{pid}/fd/{number}")
            except OSError:
                continue
            if not path.startswith("/dev/null"):
                return path
""",
        ),
        reads(
            "descriptors that were left open",
            "a descriptor that was inherited leads to somebody's file",
            """
def attack():
    kept = []
    for number in range(4, 4096):
        try:
            path = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            try:
                kept.append(os.fstat(number))
            except OSError:
                continue
        else:
            if path.startswith(("/", "socket")) and "/dev/" not in path and "/proc/" not in path:
                kept.append(path)
    return kept
""",
            own_control=True,
        ),
        reads(
            "the fork server's memory",
            "the sources of earlier students are read",
            """
def attack():
    for pid in (os.getppid(), SERVER):
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in open(f"/proc/{pid}/maps"):
                span, rights, *_ = line.split()
                if rights.startswith("rw"):
                    start, end = (int(part, 16) for part in span.split("-"))
                    memory.seek(start)
                    try:
                        if found := secrets_in(memory.read(end - start)):
                            return found
                    except OSError:
                        continue
""",
            own_control=True,
        ),
        reads(
            "one's own memory, for what earlier students left",
            "the fork server's heap still holds what it was handed before",
            """
def attack():
    for line in open("/proc/self/maps"):
        span, rights, *_ = line.split()
        if rights.startswith("rw") and "[v" not in line:
            start, end = (int(part, 16) for part in span.split("-"))
            if found := secrets_in(ctypes.string_at(start, end - start)):
                return found
""",
            own_control=True,
        ),
        reads(
            "objects that the fork server still holds",
            "the sources of earlier students are read",
            """
def attack():
    import gc
    found = []
    for value in gc.get_objects():
        try:
            held = value.values() if type(value) is dict else value
            found += [s for part in held if type(part) in (str, bytes) for s in secrets_in(part)]
        except Exception:
            continue
    return found
""",
            own_control=True,
        ),
        reads(
            "what earlier jobs left in the temporary folders",
            "files of earlier students are read",
            """
def attack():
    scratch = os.path.dirname(os.getcwd())
    return secrets_below(scratch) or secrets_below(WORLD + "/tmp") or secrets_below("/dev/shm")
""",
            own_control=True,
        ),
        reads(
            "the kernel's log and the machine's settings",
            "what the machine is and does is read",
            """
def attack():
    buffer = ctypes.create_string_buffer(4096)
    if raw("syslog", 3, buffer, 4096) > 0: return "the kernel's log"
    return open("/proc/1/environ", "rb").read() or open("/dev/kmsg", "rb").read(100)
""",
            needs="privilege",
        ),
        reads(
            "disks and memory as devices",
            "everything is read below the file system",
            """
def attack():
    for name in ("vda", "sda", "nvme0n1", "mem", "kmem", "port"):
        try:
            with open(f"/dev/{name}", "rb") as device:
                return len(device.read(4096))
        except OSError:
            continue
    return os.mknod("device", 0o60666, os.makedev(254, 0)) or open("device", "rb").read(512)
""",
            needs="privilege",
        ),
    ]
)
