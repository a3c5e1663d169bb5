"""Which system calls a bubblewrap sandbox refuses: a filter in the form that the kernel takes.

Written out here because it is small. The bindings of libseccomp on the package index either have not been kept
since 2021 or want its headers, and all of them want the library on the machine (docs/decisions/0013).
The kernel's interface: Documentation/userspace-api/seccomp_filter.rst, linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import struct

from msgspec import Struct

_ALLOW = 0x7FFF_0000
_FAIL = 0x0005_0000
_PERMISSION = 1
_NO_SUCH_CALL = 38
_NO_SUCH_FAMILY = 97

_LOAD = 0x20
_EQUAL = 0x15
_AT_LEAST = 0x35
_ANY_BIT = 0x45
_RETURN = 0x06
_NUMBER, _MACHINE, _FIRST, _SECOND = 0, 4, 16, 24
"""Where the call's number, the machine, and the low halves of the first arguments are."""

_NEW_NAMESPACES = 0x7E02_0000
"""Every CLONE_NEW* flag that `clone` takes."""
_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, netlink: what ordinary programs use."""
_TYPING = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put characters into a terminal."""


class Machine(Struct, frozen=True, kw_only=True):
    """A processor's numbers (asm/unistd.h)."""

    name: int
    """AUDIT_ARCH_*."""
    clone: int
    ioctl: int
    socket: int
    other_numbers: int | None = None
    """From this number on, calls are those of another way of speaking to the kernel (x32)."""
    refused: tuple[int, ...]


_SAME_EVERYWHERE = (
    *(425, 426, 427),  # io_uring_*: what it does, no filter sees
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen ... mount_setattr
    443,  # quotactl_fd
)
_NO_CLONE3 = 435
"""Its flags lie in memory, where no filter looks; programs fall back to clone."""

MACHINES = {
    "x86_64": Machine(
        name=0xC000_003E,
        clone=56,
        ioctl=16,
        socket=41,
        other_numbers=0x4000_0000,
        refused=(
            *(
                134,
                153,
                156,
                163,
                174,
                175,
                176,
                177,
                178,
                180,
            ),  # uselib, vhangup, _sysctl, acct, modules, nfsservctl
            *(
                155,
                161,
                165,
                166,
                167,
                168,
                169,
                170,
                171,
            ),  # pivot_root, chroot, mounts, swap, reboot, host names
            *(103, 164, 172, 173, 179, 227),  # syslog, clocks, iopl, ioperm, quotactl
            *(212, 246, 248, 249, 250, 272, 279),  # lookup_dcookie, kexec, keys, unshare, move_pages
            *(298, 303, 304, 308, 320, 321, 323),  # perf, handles, setns, kexec, bpf, userfaultfd
            *_SAME_EVERYWHERE,
        ),
    ),
    "aarch64": Machine(
        name=0xC000_00B7,
        clone=220,
        ioctl=29,
        socket=198,
        refused=(
            *(
                18,
                39,
                40,
                41,
                42,
                51,
                58,
                60,
                89,
                97,
            ),  # lookup_dcookie, mounts, nfsservctl, chroot, acct, unshare
            *(104, 105, 106, 112, 116, 142),  # kexec, modules, clock, syslog, reboot
            *(161, 162, 170, 217, 218, 219, 224, 225, 239),  # host names, clock, keys, swap, move_pages
            *(241, 264, 265, 268, 273, 280, 282, 294),  # perf, handles, setns, modules, bpf, userfaultfd, kexec
            *_SAME_EVERYWHERE,
        ),
    ),
}


def program(machine: Machine) -> bytes:
    """The filter, as an array of struct sock_filter.

    It refuses what is listed and lets the rest through; calls of another machine (32-bit programs) do not exist.
    """
    steps = [
        *((_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, machine.name), _fail(_NO_SUCH_CALL)),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine.other_numbers is not None:
        steps += [(_AT_LEAST, 0, 1, machine.other_numbers), _fail(_NO_SUCH_CALL)]
    steps += [(_EQUAL, 0, 1, _NO_CLONE3), _fail(_NO_SUCH_CALL)]
    for number in machine.refused:
        steps += [(_EQUAL, 0, 1, number), _fail(_PERMISSION)]
    steps += _where(machine.clone, [(_LOAD, 0, 0, _FIRST), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), _fail(_PERMISSION)])
    steps += _where(
        machine.ioctl,
        [
            (_LOAD, 0, 0, _SECOND),
            *(step for how in _TYPING for step in ((_EQUAL, 0, 1, how), _fail(_PERMISSION))),
        ],
    )
    known = [(_EQUAL, len(_FAMILIES) - place, 0, family) for place, family in enumerate(_FAMILIES)]
    steps += _where(machine.socket, [(_LOAD, 0, 0, _FIRST), *known, _fail(_NO_SUCH_FAMILY)])
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


_Step = tuple[int, int, int, int]


def _fail(code: int) -> _Step:
    return (_RETURN, 0, 0, _FAIL | code)


def _where(number: int, then: list[_Step]) -> list[_Step]:
    """Does `then` for one call only, which is let through at its end."""
    return [(_EQUAL, 0, len(then) + 1, number), *then, (_RETURN, 0, 0, _ALLOW)]
