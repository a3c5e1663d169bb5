"""What a program tries to get out of a container, or at what it must not: run inside, prints what worked.

Each attempt does no harm where it works, for it is also run where it does. Prints one JSON object: name -> null
where it was refused as it should be, or what it got.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
SYSCALLS = {
    "x86_64": {
        "add_key": 248, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323,
        "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246,
        "open_by_handle_at": 304,
        "pivot_root": 155, "swapon": 167, "acct": 163, "syslog": 103, "quotactl": 179, "iopl": 172,
        "clock_settime": 227, "settimeofday": 164, "setns": 308, "process_vm_readv": 310, "fsopen": 430,
        "clone3": 435,
    },
    "aarch64": {
        "add_key": 217, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
        "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104,
        "open_by_handle_at": 265,
        "pivot_root": 41, "swapon": 224, "acct": 89, "syslog": 116, "quotactl": 60,
        "clock_settime": 112, "settimeofday": 170, "setns": 268, "process_vm_readv": 270, "fsopen": 430,
        "clone3": 435,
    },
}[os.uname().machine]  # fmt: skip
NEW_USER, NEW_MOUNTS, NEW_NET = 0x10000000, 0x00020000, 0x40000000
FAR_KEY = -3
"""The process's session keyring."""
# What a call that was let through says about its senseless arguments; a refusal says something else.
LET_THROUGH = {"EFAULT", "EINVAL", "EBADF", "ENOEXEC", "ENOENT", "ESRCH", "E2BIG", "ENOTBLK", "EIO", "ENOTDIR"}


class RefusedError(Exception):
    pass


def call(name: str, *args: object) -> str:
    """A system call; works where it gets beyond the question whether this process may."""
    if name not in SYSCALLS:
        raise RefusedError
    if LIBC.syscall(SYSCALLS[name], *args) >= 0:
        return "it worked"
    code = errno.errorcode.get(ctypes.get_errno(), "?")
    if code in LET_THROUGH:
        return f"it was let through ({code})"
    raise RefusedError


def function(name: str, *args: object) -> str:
    if getattr(LIBC, name)(*args) != 0:
        raise RefusedError
    return "it worked"


def writable(path: str) -> str:
    for one in Path("/").glob(path[1:]):
        try:
            os.close(os.open(one, os.O_WRONLY))
        except OSError:
            continue
        return f"{one} can be written"
    raise RefusedError


def readable(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not os.read(descriptor, 64):
            raise RefusedError
    finally:
        os.close(descriptor)
    return f"{path} can be read"


def listed(path: str) -> str:
    names = [one.name for one in Path(path).iterdir()]
    if not names:
        raise RefusedError
    return f"{names[:3]} in {path}"


def opened(family: int, kind: int, protocol: int = 0) -> str:
    socket.socket(family, kind, protocol).close()
    return "there is a socket"


def reached(address: object, family: int = socket.AF_INET) -> str:
    with socket.socket(family) as one:
        one.settimeout(1.5)
        try:
            one.connect(address)
        except ConnectionRefusedError:
            # Somebody there refused. Our own loopback is that, too, and leads nowhere.
            if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1"}:
                return "somebody refused"
            raise
        except TimeoutError:
            return "packets went out"
    return "connected"


def resolved(name: str) -> str:
    return str(socket.getaddrinfo(name, 80))


def asked_dns() -> str:
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    servers = [line.split()[1] for line in lines if line.startswith("nameserver")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return str(one.sendto(b"\0" * 12, (servers[0], 53)))


def became_root() -> str:
    os.setuid(0)
    return "root"


def in_child(do: Callable[[], object]) -> str:
    """What would change this process is tried in another."""
    child = os.fork()
    if child == 0:
        try:
            do()
        except (OSError, RefusedError, ValueError):
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        raise RefusedError
    return "it worked"


def made_device() -> str:
    os.mknod("/tmp/device", 0o600 | 0o020000, os.makedev(1, 1))
    Path("/tmp/device").unlink()
    return "a device was made"


def privileged_program() -> str:
    """A set-user program of the image that runs as its owner."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        os.execv("/usr/bin/su", ["su", "-s", "/bin/sh", "-c", "id -u"])
    os.close(writer)
    os.waitpid(child, 0)
    if os.read(reader, 100) != b"0\n":
        raise RefusedError
    return "su gave a shell of root"


def owned_by_root() -> None:
    Path("/tmp/owned").touch()
    os.chown("/tmp/owned", 0, 0)


def raised_limit() -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard + 1))
    return "the limit is higher"


def settable_clock() -> str:
    now = time.clock_gettime(time.CLOCK_REALTIME)
    time.clock_settime(time.CLOCK_REALTIME, now)
    return "the clock was set"


def lowered_oom() -> str:
    file = Path("/proc/self/oom_score_adj")
    file.write_text(str(int(file.read_text()) - 1))
    return "the memory killer spares it"


def stuffed_terminal() -> str:
    with Path("/dev/tty").open("w") as file:
        fcntl.ioctl(file, 0x5412, b"x")
    return "typed into a terminal"


def outside(port: int, name: str) -> dict[str, Callable[[], str]]:
    """`port` and `name`: where the machine itself listens, on its loopback and in its abstract sockets."""
    tries: dict[str, Callable[[], str]] = {
        f"write {path}": (lambda path=path: writable(path))
        for path in (
            "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe",
            "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory", "/proc/sys/net/ipv4/ip_forward",
            "/proc/sys/fs/binfmt_misc/register", "/proc/1/mem", "/proc/1/oom_score_adj",
            "/proc/irq/*/smp_affinity",
            "/sys/kernel/uevent_helper", "/sys/kernel/mm/ksm/run", "/sys/fs/cgroup/release_agent",
            "/sys/fs/cgroup/*/release_agent", "/sys/fs/cgroup/*/cgroup.procs", "/sys/fs/cgroup/cgroup.procs",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max", "/sys/class/*/*/uevent",
            "/dev/mem", "/dev/kmsg", "/dev/[svx]d*", "/dev/vd*", "/dev/kvm", "/dev/fuse", "/dev/net/tun",
            "/etc/passwd", "/etc/hosts", "/etc/resolv.conf", "/usr/bin/env", "/usr/sbin/docker-init",
        )
    }  # fmt: skip
    tries |= {
        f"read {path}": (lambda path=path: readable(path))
        for path in (
            "/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/timer_list", "/proc/1/environ",
            "/etc/shadow", "/proc/1/root/etc/hostname", "/dev/vda", "/dev/sda",
        )
    }  # fmt: skip
    tries |= {
        f"list {path}": (lambda path=path: listed(path))
        for path in ("/sys/firmware", "/sys/kernel/debug", "/sys/fs/bpf", "/proc/acpi", "/root", "/proc/1/fd")
    }
    tries |= {
        "docker socket": lambda: reached("/var/run/docker.sock", socket.AF_UNIX),
        "raw socket": lambda: opened(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "raw socket, v6": lambda: opened(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
        "packet socket": lambda: opened(socket.AF_PACKET, socket.SOCK_RAW),
        "packet socket, cooked": lambda: opened(socket.AF_PACKET, socket.SOCK_DGRAM),
        "an address outside": lambda: reached(("1.1.1.1", 53)),
        "metadata": lambda: reached(("169.254.169.254", 80)),
        "metadata, v6": lambda: reached(("fd00:ec2::254", 80), socket.AF_INET6),
        "the engine's bridge": lambda: reached(("172.17.0.1", port)),
        "the machine's loopback": lambda: reached(("127.0.0.1", port)),
        "the machine's abstract sockets": lambda: reached(f"\0{name}", socket.AF_UNIX),
        "a name": lambda: resolved("example.com"),
        "the name server": asked_dns,
    }
    return tries


def inside() -> dict[str, Callable[[], str]]:
    """What the kernel is asked for."""
    zeros = ctypes.create_string_buffer(64)
    tries: dict[str, Callable[[], str]] = {
        "mount": lambda: function("mount", b"none", b"/mnt", b"tmpfs", 0, None),
        "mount again, writable": lambda: function("mount", None, b"/", None, 32, None),
        "unmount what hides": lambda: in_child(lambda: function("umount2", b"/proc/keys", 2)),
        "chroot": lambda: in_child(lambda: os.chroot("/tmp")),
        "a device": made_device,
        "root by setuid": lambda: in_child(became_root),
        "other groups": lambda: in_child(lambda: os.setgroups([0])),
        "a set-user program": privileged_program,
        "a file for root": lambda: in_child(owned_by_root),
        "user namespace": lambda: in_child(lambda: function("unshare", NEW_USER)),
        "mount namespace": lambda: in_child(lambda: function("unshare", NEW_MOUNTS)),
        "network namespace": lambda: in_child(lambda: function("unshare", NEW_NET)),
        "hostname": lambda: function("sethostname", os.uname().nodename.encode(), len(os.uname().nodename)),
        "clock": settable_clock,
        "trace the first process": lambda: in_child(lambda: function("ptrace", 0x4206, 1, 0, 0)),
        "signal the first process": lambda: (os.kill(1, 0), "it can be reached")[1],
        "a better priority": lambda: in_child(lambda: os.nice(-5)),
        "real time": lambda: in_child(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "a higher limit": lambda: in_child(raised_limit),
        "spared by the memory killer": lambda: in_child(lowered_oom),
        "a terminal": stuffed_terminal,
        "keyring": lambda: call("keyctl", 0, FAR_KEY, 0),
        "add a key": lambda: call("add_key", b"user", b"r1code", b"x", 1, -1),
        "bpf": lambda: call("bpf", 0, zeros, 64),
        "perf": lambda: call("perf_event_open", zeros, 0, -1, -1, 0),
        "load a module": lambda: call("init_module", zeros, 0, b""),
        "load a module's file": lambda: call("finit_module", -1, b"", 0),
        "unload a module": lambda: call("delete_module", b"r1code-none", 0),
        "kexec": lambda: call("kexec_load", 0, 99999, None, 0),
        "open by handle": lambda: call("open_by_handle_at", -1, zeros, 0),
        "pivot_root": lambda: call("pivot_root", b"/none", b"/none"),
        "swap": lambda: call("swapon", b"/none", 0),
        "accounting": lambda: call("acct", b"/none"),
        "kernel log": lambda: call("syslog", 3, zeros, 10),
        "quota": lambda: call("quotactl", 0x800007 << 8, b"/none", 0, zeros),
        "ports": lambda: in_child(lambda: call("iopl", 3)),
        "join a namespace": lambda: call("setns", -1, 0),
        "memory of the first process": lambda: call("process_vm_readv", 1, zeros, 1, zeros, 1, 0),
        "new mount calls": lambda: call("fsopen", b"tmpfs", 0),
    }  # fmt: skip
    return tries


def main() -> None:
    tries = inside() | outside(int(sys.argv[1]), sys.argv[2])
    got: dict[str, str | None] = {}
    for name, attempt in tries.items():
        try:
            got[name] = attempt()
        except (OSError, RefusedError, IndexError):
            got[name] = None
    sys.stdout.write(json.dumps(got) + "\n")


if __name__ == "__main__":
    main()
