"""What the machine has only so much of: time, memory, processes, threads, descriptors, disk."""

from __future__ import annotations

from hostile_cells import NOT_RIGHT, Attack, named

from spotlight.grading.report import Status
from spotlight.sandbox.job import Limits

LITTLE_TIME = Limits(cpu_seconds=1, wall_seconds=12)
"""For what computes: it runs into its CPU time long before the clock."""

A_MOMENT = Limits(cpu_seconds=30, wall_seconds=1.5)
"""For what waits."""

LITTLE_ROOM = Limits(
    cpu_seconds=4, wall_seconds=15, memory_bytes=256 * 2**20, output_bytes=2 * 2**20
)

TIMEOUT: tuple[Status, ...] = ("timeout",)
TOO_MUCH: tuple[Status, ...] = ("memory",)
ANY_END: tuple[Status, ...] = (*NOT_RIGHT, "timeout", "memory")


def exhausts(
    name: str, harm: str, source: str, limits: Limits, statuses: tuple[Status, ...], **more: object
) -> Attack:
    options = {"own_control": True, **more}
    return Attack(name, harm, source, limits=limits, statuses=statuses, **options)  # type: ignore[arg-type]


def computes(name: str, source: str, **more: object) -> Attack:
    options = {"statuses": TIMEOUT, **more}
    return exhausts(name, "the grading never ends", source, LITTLE_TIME, **options)  # type: ignore[arg-type]


def waits(name: str, source: str, **more: object) -> Attack:
    options = {"statuses": TIMEOUT, **more}
    return exhausts(name, "the grading never ends", source, A_MOMENT, **options)  # type: ignore[arg-type]


def swells(name: str, source: str, **more: object) -> Attack:
    options = {"statuses": (*TOO_MUCH, "error", "failed"), **more}
    harm = "the machine's memory, or the supervisor's, is filled"
    return exhausts(name, harm, source, LITTLE_ROOM, **options)  # type: ignore[arg-type]


def returns(name: str, value: str, **more: object) -> Attack:
    """An answer that is too much to carry."""
    options = {"statuses": ANY_END, **more}
    source = f"{more.pop('before', '')}\ndef low(x):\n    {value}\n\ndef high(x):\n    return x\n"
    return swells(name, source, **{k: v for k, v in options.items() if k != "before"})


_TIME = [
    computes("a loop", "def attack():\n    while True: pass"),
    computes("a loop before the function is there", "while True: pass"),
    computes(
        "a loop that swallows every interrupt",
        """
def attack():
    while True:
        try:
            while True: pass
        except BaseException:
            continue
""",
    ),
    computes(
        "a loop that ignores every signal",
        """
def attack():
    import signal, threading
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True: pass
""",
    ),
    computes(
        "a loop after its limits were raised",
        """
def attack():
    import resource
    for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_FSIZE"):
        try:
            resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY,) * 2)
        except (ValueError, OSError):
            continue
    while True: pass
""",
    ),
    computes(
        "a regular expression that never ends",
        "def attack(): return re.match('(a|aa|a?)+$', 'a' * 60 + 'b')",
    ),
    computes("a power of powers", "def attack(): return pow(7, pow(7, 7 ** 7)) % 10"),
    computes(
        "an exception whose message never ends",
        """
class Endless(Exception):
    def __str__(self):
        while True: pass
def attack(): raise Endless
""",
    ),
    computes(
        "a finalizer that never ends",
        """
class Endless:
    def __del__(self):
        while True: pass
def attack(): Endless()
""",
    ),
    waits("sleep", "def attack():\n    import time\n    while True: time.sleep(1000)"),
    waits("a pipe that nobody writes to", "def attack(): os.read(os.pipe()[0], 1)"),
    waits("a worker that stops itself", "def attack(): os.kill(os.getpid(), 19)"),
    waits(
        "a lock that is held",
        """
def attack():
    import threading
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
""",
    ),
    waits(
        "an answer whose channel is closed",
        """
def attack():
    import time
    for number in range(1024):
        try: os.close(number)
        except OSError: continue
    time.sleep(1000)
""",
    ),
]

_MEMORY = [
    swells(
        "a list that grows",
        "kept = []\ndef attack():\n    while True: kept.append([0] * 10**6)",
    ),
    swells("a huge tensor", "def attack():\n    import torch\n    torch.ones(10**9).add_(1)"),
    swells(
        "tensors, one after the other",
        "import torch\nkept = []\ndef attack():\n    while True: kept.append(torch.ones(10**6))",
    ),
    swells(
        "memory errors swallowed",
        """
def attack():
    kept = []
    while True:
        try:
            while True: kept.append(bytearray(10**6))
        except MemoryError:
            continue
""",
        statuses=ANY_END,
    ),
    swells(
        "memory from the system, touched",
        """
def attack():
    import mmap
    kept = []
    while True:
        room = mmap.mmap(-1, 64 * 2**20)
        for at in range(0, 64 * 2**20, 4096): room[at] = 1
        kept.append(room)
""",
    ),
    swells(
        "memory that is a file without a name",
        """
def attack():
    number = os.memfd_create("m")
    for _ in range(1024): os.write(number, bytes(2**20))
    return "a gigabyte"
""",
        statuses=ANY_END,
    ),
    swells(
        "a recursion in Python",
        "import sys\nsys.setrecursionlimit(10**9)\ndef attack():\n    return attack()",
        statuses=ANY_END,
    ),
    swells(
        "a recursion in C",
        """
def attack():
    import sys
    sys.setrecursionlimit(10**9)
    nested = []
    for _ in range(10**6): nested = [nested]
    return repr(nested) and ""
""",
        statuses=ANY_END,
    ),
]

_ANSWERS = [
    returns("an endless generator", "return (n for n in iter(int, 1))"),
    returns(
        "a list that is endless to whoever walks it",
        "return Endless([1])",
        before="class Endless(list):\n    def __iter__(self):\n        while True: yield 1",
    ),
    returns("a huge tensor returned", "return x.new_zeros(4000, 4000)"),
    returns(
        "a huge tensor that takes no room",
        "return x.new_zeros(1).expand(100_000, 100_000)",
    ),
    returns(
        "a thousand laughs",
        "laugh = ['ha'] * 10\n    for _ in range(12): laugh = [laugh] * 10\n    return laugh",
    ),
    returns(
        "a thousand laughs in dicts",
        "laugh = {}\n    for _ in range(30): laugh = {'a': laugh, 'b': laugh}\n    return laugh",
    ),
    returns("a list within itself", "looped = []\n    looped.append(looped)\n    return looped"),
    returns(
        "lists in lists",
        "nested = []\n    for _ in range(10**5): nested = [nested]\n    return nested",
    ),
    returns("a text of 200 MB", "return ['x' * 100_000] * 2_000"),
    returns("a number with a million digits", "return 1 << 4 * 10**6"),
    returns(
        "numbers with very many digits",
        "return [(1 << 40_000) + n for n in range(1000)]",
    ),
    returns(
        "a description that is huge",
        "raise Huge",
        before="class Huge(Exception):\n    def __str__(self): return 'x' * 10**8",
    ),
    returns(
        "a type whose name is huge",
        "return type('T' * 10**7, (), {})()",
    ),
    returns(
        "nan payloads",
        "return torch.full((2,), struct.unpack('<d', b'\\1\\2\\3\\4\\5\\6\\xf8\\x7f')[0])",
        before="import struct, torch",
    ),
    returns(
        "zeros in so many dimensions",
        "return x.new_zeros((1,) * 60 + (0, 2**40))",
    ),
]

_OUTPUT = [
    exhausts(
        "200 MB printed",
        "the supervisor keeps all that is printed",
        "def attack():\n    for _ in range(200): print('x' * 2**20)",
        LITTLE_ROOM,
        (*NOT_RIGHT, "timeout"),
    ),
    exhausts(
        "200 MB on standard output and standard error",
        "the supervisor keeps all that is written",
        """
def attack():
    import sys
    for _ in range(100):
        os.write(1, b"x" * 2**20)
        os.write(2, b"x" * 2**20)
        sys.__stderr__.write("x" * 2**20)
""",
        LITTLE_ROOM,
        (*NOT_RIGHT, "timeout"),
    ),
    exhausts(
        "200 MB into every descriptor",
        "the supervisor keeps all that is written",
        """
def attack():
    for _ in range(200):
        for number in range(64):
            try: os.write(number, b"x" * 2**20)
            except OSError: continue
""",
        LITTLE_ROOM,
        (*NOT_RIGHT, "memory"),
    ),
]

_PROCESSES = [
    exhausts(
        "a fork bomb",
        "no process can be started any more",
        """
def attack():
    import time
    started = 0
    while started < 100:
        try: child = os.fork()
        except OSError: break
        if child == 0:
            os.setsid()
            time.sleep(30)
            os._exit(0)
        started += 1
    return started > 8
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
    ),
    exhausts(
        "a fork bomb of raw calls",
        "no process can be started any more",
        """
def attack():
    import time
    started = 0
    while started < 100:
        child = LIBC.fork() if started % 2 else (raw("clone3", 0, 0) if ARM else raw("fork"))
        if child == 0:
            os.setsid()
            time.sleep(30)
            os._exit(0)
        if child < 0: break
        started += 1
    return started > 8
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
        needs="x86-64",
    ),
    exhausts(
        "a bomb of threads",
        "no thread can be started any more",
        """
def attack():
    import threading, time
    threading.stack_size(32768)
    started = 0
    while started < 3000:
        try: threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        except RuntimeError: break
        started += 1
    return started > 1000
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
    ),
    exhausts(
        "descriptors",
        "no file can be opened any more on the machine",
        """
def attack():
    import resource
    try: resource.setrlimit(resource.RLIMIT_NOFILE, (500_000, 500_000))
    except (ValueError, OSError): pass
    held = 0
    try:
        while held < 20_000:
            os.open("/dev/null", os.O_RDONLY)
            held += 1
    except OSError: pass
    return held > 5_000
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
        needs="privilege",
    ),
    exhausts(
        "pipes filled",
        "memory of the kernel's is filled",
        """
def attack():
    import fcntl
    filled = 0
    try:
        while filled < 1000:
            _, write = os.pipe()
            fcntl.fcntl(write, 1031, 2**20)  # F_SETPIPE_SZ
            filled += os.write(write, bytes(2**20)) == 2**20
    except OSError: pass
    return filled > 300
""",
        LITTLE_ROOM,
        ANY_END,
        needs="privilege",
        own_control=False,
    ),
]

_DISK = [
    exhausts(
        "one huge file",
        "the disk is full",
        """
def attack():
    with open("huge", "wb") as file:
        for part in range(64):
            os.posix_fallocate(file.fileno(), part * 2**24, 2**24)
    return os.stat("huge").st_blocks * 512 >= 2**30
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
    ),
    exhausts(
        "many large files",
        "the disk is full",
        """
def attack():
    for number in range(64):
        with open(f"large {number}", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 2**24)
    return sum(os.stat(f"large {n}").st_blocks for n in range(64)) * 512 >= 2**30
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
    ),
    exhausts(
        "files behind a closed channel",
        "the disk is filled while nobody looks",
        """
def attack():
    import time
    os.closerange(0, 1024)
    for number in range(1000):
        with open(f"large {number}", "wb") as file:
            file.write(bytes(2**25))
        time.sleep(0.1)
""",
        A_MOMENT,
        NOT_RIGHT,  # and not by the clock
    ),
    exhausts(
        "many small files",
        "there is no room for another file on the disk",
        """
def attack():
    made = 0
    while made < 30_000:
        open(f"small {made}", "w").close()
        made += 1
    return made
""",
        LITTLE_ROOM,
        ANY_END,
        own_control=False,
    ),
    exhausts(
        "folders in folders",
        "what is left behind cannot be removed",
        """
def attack():
    for _ in range(5000):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    os.chmod(".", 0)
""",
        LITTLE_ROOM,
        ANY_END,
    ),
    exhausts(
        "files that resist being removed",
        "what is left behind cannot be removed",
        """
def attack():
    os.makedirs("a/b")
    open("a/b/file", "w").close()
    open(b"a/\\xff\\n\\t name", "w").close()
    os.symlink(WORLD + "/class", "a/link")
    os.symlink("a", "a/b/loop")
    os.chmod("a/b", 0)
    os.chmod("a", 0)
    os.chmod(".", 0)
""",
        LITTLE_ROOM,
        ANY_END,
    ),
]

EXHAUSTIONS = named([*_TIME, *_MEMORY, *_ANSWERS, *_OUTPUT, *_PROCESSES, *_DISK])
