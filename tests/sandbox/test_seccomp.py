"""The filter says what it should, on every machine that it is made for: run here by the rules of the kernel."""

from __future__ import annotations

import errno
import struct

import pytest

from r1code.sandbox.seccomp import MACHINES, Machine, program

ALLOWED = 0x7FFF0000
NEW_USER, SIGCHLD = 0x10000000, 17


def answer(code: bytes, machine: int, number: int, *arguments: int) -> int | None:
    """What a filter returns: None if it lets a call through, else the error."""
    steps = list(struct.iter_unpack("=HBBI", code))
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number if number < 1 << 31 else number - (1 << 32), machine, 0, *padded)
    loaded, at = 0, 0
    while True:
        operation, then, other, value = steps[at]
        at += 1
        if operation == 0x20:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif operation == 0x06:
            return None if value == ALLOWED else value & 0xFFFF
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[operation]
            at += then if holds else other


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_what_is_listed_is_refused_and_the_rest_is_not(machine: Machine):
    code = program(machine)
    assert len(code) // 8 < 4096
    special = {machine.clone, machine.ioctl, machine.socket, 435}
    for number in range(470):
        expected = errno.EPERM if number in machine.refused else None
        if number not in special:
            assert answer(code, machine.name, number) == expected, number
    assert answer(code, machine.name, 435) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_arguments_decide_where_a_call_does_many_things(machine: Machine):
    code = program(machine)
    assert answer(code, machine.name, machine.clone, SIGCHLD) is None
    assert answer(code, machine.name, machine.clone, 0x3D0F00) is None  # a thread
    assert answer(code, machine.name, machine.clone, NEW_USER | SIGCHLD) == errno.EPERM
    for family in (1, 2, 10, 16):
        assert answer(code, machine.name, machine.socket, family) is None
    for family in (0, 3, 17, 31, 38, 40):
        assert answer(code, machine.name, machine.socket, family) == errno.EAFNOSUPPORT, family
    for command, expected in ((0x5412, errno.EPERM), (0x541C, errno.EPERM), (0x5401, None)):
        assert answer(code, machine.name, machine.ioctl, 0, command) == expected
        # The kernel looks at the low half only.
        assert answer(code, machine.name, machine.ioctl, 0, command | 1 << 40) == expected


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_other_ways_to_speak_to_the_kernel_do_not_exist(machine: Machine):
    assert answer(program(machine), 0x40000003, 1) == errno.ENOSYS
    if machine.other_numbers is not None:
        assert answer(program(machine), machine.name, machine.other_numbers + 1) == errno.ENOSYS
