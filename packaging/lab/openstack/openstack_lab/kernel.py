"""The few calls of the kernel that Python 3.11 does not have: mount, unshare, setns."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """New namespaces for the calling thread and all that it starts: call it before there are threads."""
    _call("unshare", flags)


def setns(path: str, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("setns", descriptor, kind)
    finally:
        os.close(descriptor)


def mount(source: str, target: Path, kind: str, options: str = "") -> None:
    _call("mount", source.encode(), bytes(target), kind.encode(), ctypes.c_ulong(0), options.encode())


def bind(source: Path, target: Path) -> None:
    _call("mount", bytes(source), bytes(target), None, ctypes.c_ulong(MS_BIND | MS_REC), None)


def make_mounts_private() -> None:
    """What is mounted from now on is seen in this namespace only."""
    _call("mount", b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
