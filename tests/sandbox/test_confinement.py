"""What the kernel is asked for, and what is in force where it gives less.

Whether hostile code gets out is for tests/attacks to see.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_jobs import returns, value

import spotlight
from kernel_walls import why_nothing_can_be_confined
from spotlight.sandbox.confinement.features import Features

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")
if sys.platform == "linux":
    from spotlight.sandbox.confinement import seccomp, syscalls

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
PID = 4321
MACHINES = ["x86_64", "aarch64"]
SOCKET = {"x86_64": 41, "aarch64": 198}
EXECVE = {"x86_64": 59, "aarch64": 221}
KERNEL_NUMBERS = {  # what neither table may hold, by name
    "x86_64": {
        "socket": 41, "connect": 42, "fork": 57, "vfork": 58, "execve": 59, "ptrace": 101,
        "setuid": 105, "chmod": 90, "chown": 92, "truncate": 76, "mount": 165, "shmget": 29,
        "semget": 64, "msgget": 68, "keyctl": 250, "unshare": 272, "bpf": 321, "setns": 308,
        "process_vm_readv": 310, "memfd_create": 319, "execveat": 322, "io_uring_setup": 425,
        "pidfd_open": 434, "pidfd_getfd": 438, "openat2": 437, "rt_sigqueueinfo": 129,
        "tkill": 200, "setrlimit": 160, "perf_event_open": 298, "userfaultfd": 323,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "capset": 126, "personality": 135,
    },
    "aarch64": {
        "socket": 198, "connect": 203, "execve": 221, "ptrace": 117, "setuid": 146,
        "fchmodat": 53, "fchownat": 54, "truncate": 45, "mount": 40, "shmget": 194, "semget": 190,
        "msgget": 186, "keyctl": 219, "unshare": 97, "bpf": 280, "setns": 268,
        "process_vm_readv": 270, "memfd_create": 279, "execveat": 281, "io_uring_setup": 425,
        "pidfd_open": 434, "pidfd_getfd": 438, "openat2": 437, "rt_sigqueueinfo": 138,
        "tkill": 130, "setrlimit": 164, "perf_event_open": 241, "userfaultfd": 282,
        "open_by_handle_at": 265, "capset": 91, "personality": 92,
    },
}  # fmt: skip


def verdict(machine, number, arguments=(), *, audit=None, pid=PID):
    """What the filter decides of one system call: the program, run as the kernel would."""
    data = {0: number, 4: audit or seccomp.ARCHITECTURES[machine].audit}
    for index, argument in enumerate(arguments):
        data[16 + 8 * index] = argument & 0xFFFFFFFF
        data[16 + 8 * index + 4] = argument >> 32 & 0xFFFFFFFF
    program, at, accumulator = seccomp.filter_for(pid, machine), 0, 0
    while True:
        code, if_true, if_false, number = program[at]
        at += 1
        match code:
            case 0x20:
                accumulator = data.get(number, 0)
            case 0x54:
                accumulator &= number
            case 0x15:
                at += if_true if accumulator == number else if_false
            case 0x35:
                at += if_true if accumulator >= number else if_false
            case 0x45:
                at += if_true if accumulator & number else if_false
            case 0x06:
                return number


def refused(error):
    return ERRNO | error


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 600))
def test_a_call_that_is_not_listed_is_refused(machine, number):
    column = seccomp.ARCHITECTURES[machine].column
    listed = {numbers[column] for numbers in syscalls.ALLOWED.values()}
    special = {
        numbers[column]
        for name, numbers in vars(syscalls).items()
        if name.isupper() and name != "ALLOWED"
    }
    if number in listed:
        assert verdict(machine, number) == ALLOW
    elif number not in special:
        assert verdict(machine, number) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_known_ways_out_are_not_listed(machine):
    for number in KERNEL_NUMBERS[machine].values():
        assert verdict(machine, number) == refused(errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architectures_numbers_end_the_process(machine):
    other = "aarch64" if machine == "x86_64" else "x86_64"
    audit = seccomp.ARCHITECTURES[other].audit
    assert verdict(machine, 0, audit=audit) == KILL
    assert verdict(machine, 0, audit=0x40000003) == KILL  # 32-bit x86


@given(number=st.integers(0, 600))
def test_the_second_convention_of_x86_64_ends_the_process(number):
    assert verdict("x86_64", number | 0x40000000) == KILL


@pytest.mark.parametrize("machine", MACHINES)
class TestCallsThatDependOnTheirArguments:
    def call(self, machine, name, *arguments):
        number = getattr(syscalls, name)[seccomp.ARCHITECTURES[machine].column]
        return verdict(machine, number, arguments)

    def test_threads_are_made_and_processes_are_not(self, machine):
        thread = 0x3D0F00  # CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | ...
        assert self.call(machine, "CLONE", thread) == ALLOW
        assert self.call(machine, "CLONE", 0x01200011) == refused(errno.EPERM)  # fork
        assert self.call(machine, "CLONE", 0x10000000) == refused(errno.EPERM)  # a user namespace
        assert self.call(machine, "CLONE3", 0) == refused(errno.ENOSYS)

    def test_signals_go_to_itself_alone(self, machine):
        for name in ("KILL", "TGKILL"):
            assert self.call(machine, name, PID, 9) == ALLOW
            for other in (1, 0, 0xFFFFFFFF, PID + 1):
                assert self.call(machine, name, other, 9) == refused(errno.EPERM)

    def test_socket_pairs_are_streams(self, machine):
        assert self.call(machine, "SOCKETPAIR", 1, 1 | 0o2000000) == ALLOW
        assert self.call(machine, "SOCKETPAIR", 1, 2) == refused(errno.EPERM)
        assert self.call(machine, "SOCKETPAIR", 2, 1) == refused(errno.EPERM)

    def test_limits_are_read_and_not_set(self, machine):
        assert self.call(machine, "PRLIMIT64", 0, 7, 0, 0x7FFF12345678) == ALLOW
        for new in (1, 0x7FFF00000000, 0x7FFF12345678):
            assert self.call(machine, "PRLIMIT64", 0, 7, new, 0) == refused(errno.EPERM)

    def test_no_signal_is_sent_by_way_of_a_descriptor(self, machine):
        assert self.call(machine, "FCNTL", 3, 1) == ALLOW  # F_GETFD
        for command in (8, 10, 15):  # F_SETOWN, F_SETSIG, F_SETOWN_EX
            assert self.call(machine, "FCNTL", 3, command) == refused(errno.EPERM)

    def test_a_terminal_is_asked_for_and_not_typed_into(self, machine):
        assert self.call(machine, "IOCTL", 0, 0x5401) == ALLOW  # TCGETS
        assert self.call(machine, "IOCTL", 0, 0x5412) == refused(errno.ENOTTY)  # TIOCSTI
        assert self.call(machine, "PRCTL", 15) == ALLOW  # PR_SET_NAME
        for option in (1, 4, 22, 38):  # death signal, dumpable, seccomp, no_new_privs
            assert self.call(machine, "PRCTL", option) == refused(errno.EPERM)


# What is said


def test_what_is_in_force_and_what_is_not_is_one_sentence():
    assert Features(landlock=4, seccomp=True, namespaces=True, own_user=True).in_words == (
        "Submissions ran with limits and Landlock (version 4), seccomp, namespaces with a scratch "
        "folder in memory and a user of its own."
    )
    assert Features(landlock=1, seccomp=True).in_words == (
        "Submissions ran with limits and Landlock (version 1) and seccomp; not available here: "
        "namespaces with a scratch folder in memory, a user of its own."
    )
    assert Features().in_words.startswith(
        "Submissions ran with limits of time and memory alone; not available here: Landlock, "
    )


@pytest.mark.parametrize(
    ("features", "confined"),
    [
        (Features(landlock=1, seccomp=True), True),
        (Features(landlock=0, seccomp=True, namespaces=True, own_user=True), False),
        (Features(landlock=7, seccomp=False, namespaces=True, own_user=True), False),
    ],
)
def test_confined_means_landlock_and_seccomp(features, confined):
    assert features.is_confined is confined


# Where the kernel gives less

WITHOUT = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from spotlight.sandbox.confinement import privileges, seccomp
from spotlight.sandbox.confinement.kernel import call
from spotlight.sandbox.confinement.seccomp import Instruction
refuse = json.loads(sys.argv[2])  # the numbers of system calls, or [number, first argument]
program = [Instruction(0x20, 0, 0, 0)]
for one in refuse:
    number, first = one if isinstance(one, list) else (one, None)
    no = Instruction(0x06, 0, 0, 0x00050001)
    body = [no] if first is None else [
        Instruction(0x20, 0, 0, 16), Instruction(0x15, 0, 1, first), no,
        Instruction(0x20, 0, 0, 0),
    ]
    program += [Instruction(0x15, 0, len(body), number), *body]
program.append(Instruction(0x06, 0, 0, 0x7FFF0000))
if refuse:
    call("prctl", 38, 1, 0, 0, 0)
    seccomp.install(seccomp.packed(program))
from spotlight.sandbox.worker import Worker
from worker_jobs import job, returns
with Worker() as worker:
    features = worker.features.as_data()
    ends = []
    for expression in json.loads(sys.argv[3]):
        seen = worker.observe(returns(expression))
        ends.append(seen.trouble.type if seen.trouble else seen.ended)
    folder = worker._scratch.folder / "jobs" / "job"
    left = os.listdir(folder) if folder.exists() else []
print(json.dumps([features, ends, left]))
"""
UNSHARE, LANDLOCK, PRCTL = (
    (272, 444, [157, 22]) if os.uname().machine == "x86_64" else (97, 444, [167, 22])
)
OUTSIDE = f"open({str(Path(__file__))!r}).read()"
A_SOCKET = "__import__('socket').socket()"
A_PROCESS = "os.fork()"
A_DEEP_FOLDER = "[(os.mkdir('d'), os.chdir('d')) for _ in range(1_500)] and None"
MANY_FILES = "[open(str(n), 'w').close() for n in range(100_000)] and None"
A_FULL_DISK = "[open(str(n), 'wb').write(bytes(9 * 2**20)) for n in range(100)] and None"
TRIED = [OUTSIDE, A_SOCKET, A_PROCESS, A_DEEP_FOLDER, MANY_FILES, A_FULL_DISK, "1"]


def with_calls_refused(*refuse, user=None, tried=TRIED):
    """The worker's features, how jobs end and what they leave, where the kernel refuses calls."""
    where = str(Path(__file__).parent)
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT, where, json.dumps(refuse), json.dumps(tried)],
        capture_output=True,
        text=True,
        timeout=120,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        check=False,
        cwd="/",
    )
    assert process.returncode == 0, process.stderr
    features, ends, left = json.loads(process.stdout)
    assert left == []
    return Features(**features), dict(zip(tried, ends, strict=True))


DENIED = {OUTSIDE: "PermissionError", A_SOCKET: "PermissionError", A_PROCESS: "PermissionError"}


def test_without_namespaces_the_rest_is_in_force_and_the_server_looks_after_the_disk():
    features, ends = with_calls_refused(UNSHARE)
    assert (features.namespaces, features.is_confined) == (False, True)
    assert {tried: ends[tried] for tried in DENIED} == DENIED
    assert (ends[MANY_FILES], ends[A_FULL_DISK]) == ("crashed", "crashed")
    assert ends["1"] == "finished"


def test_without_landlock_nobody_is_told_to_be_confined():
    features, ends = with_calls_refused(LANDLOCK, tried=["1"])
    assert (features.landlock, features.is_confined) == (0, False)
    assert ends["1"] == "finished"


def test_without_seccomp_nobody_is_told_to_be_confined():
    features, ends = with_calls_refused(PRCTL, tried=["1"])
    assert (features.seccomp, features.is_confined) == (False, False)
    assert ends["1"] == "finished"


def can_use_this_python(user):
    command = [sys.executable, "-c", "import spotlight, torch"]
    as_them = {"user": user, "group": user, "extra_groups": [], "cwd": "/"}
    try:
        return subprocess.run(command, check=False, capture_output=True, **as_them).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("refuse", [(), (UNSHARE,)], ids=["all", "without namespaces"])
def test_an_ordinary_user_is_confined_as_well(refuse):
    user = 65534
    if not can_use_this_python(user):
        pytest.skip("this Python can be used by root alone")
    features, ends = with_calls_refused(*refuse, user=user)
    assert features.is_confined
    assert not features.own_user
    assert {tried: ends[tried] for tried in DENIED} == DENIED
    assert ends["1"] == "finished"


def test_this_machine_confines_jobs(worker):
    if why := why_nothing_can_be_confined():
        pytest.skip(why)
    assert worker.features.is_confined, worker.features.in_words
    assert value(worker, returns("os.listdir('.')")) == []
    assert worker.observe(returns(OUTSIDE)).trouble.type == "PermissionError"


def test_what_lessons_import_is_found_though_the_packages_folder_has_changed(worker):
    """Python lists a folder anew whose time has changed, as where a package is installed anew."""
    if why := why_nothing_can_be_confined():
        pytest.skip(why)
    folder = Path(spotlight.__file__).parent
    value(worker, returns("1"))
    os.utime(folder)
    found = "__import__('spotlight.model_utils.four_tokens').model_utils.four_tokens.__name__"
    assert value(worker, returns(found)) == "spotlight.model_utils.four_tokens"
    for closed in (folder / "grading", folder / "course"):
        source = next(closed.glob("*.py"))
        seen = worker.observe(returns(f"open({str(source)!r}).read()"))
        assert seen.trouble is not None, "its names may be known, not what it says"
        assert seen.trouble.type == "PermissionError"
