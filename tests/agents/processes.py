"""What runs on this machine and carries a marker in its environment, and waiting for conditions instead of guessing."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 30.0  # seconds until a condition that does not come true fails the test


def marked(marker: str) -> dict[int, str]:
    """The living processes with ``marker`` in their environment, and their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            if marker.encode() in (entry / "environ").read_bytes() and state_of(int(entry.name)) not in "ZX":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has just ended, or is another's
    return found


def state_of(pid: int) -> str:
    """The state letter of a process; X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return "X"


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def send(pid: int, number: int) -> None:
    """A signal for a process that may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def children_of(pid: int) -> list[int]:
    """All living descendants, nearest first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill_marked(marker: str) -> None:
    for pid in marked(marker):
        send(pid, signal.SIGKILL)


async def until(condition: Callable[[], T]) -> T:
    """The first true value of ``condition``; fails the test when it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never came true: {condition}"
        await asyncio.sleep(0.02)
    return value


def until_now(condition: Callable[[], T]) -> T:
    """The same for tests without a loop."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never came true: {condition}"
        time.sleep(0.02)
    return value


async def until_it_is(value: T, look: Callable[[], Awaitable[T]]) -> None:
    """Wait until what is looked at asynchronously has this value; fails the test when it does not come."""
    deadline = time.monotonic() + PATIENCE
    while (seen := await look()) != value:
        assert time.monotonic() < deadline, f"{seen} instead of {value}: {look}"
        await asyncio.sleep(0.02)
