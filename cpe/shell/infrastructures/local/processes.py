"""The processes of one machine of the embedded cloud: who belongs to it, and how to stop or kill them all.

Rules:
- A process belongs to a machine if it is the supervisor, has the machine's PCLOUD_ROOT in its environment, or, where it has none there
  (programs that write their title over it: sshd, nginx), owns a socket bound to the machine's address, or descends from one that does.
- Whoever asks is never among them, nor is a zombie.
- A pid is a name that is given again: a signal goes through a pidfd, after the start time was compared.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cpe.shell.infrastructures.local.records import load_machine
from cpe.shell.infrastructures.local.refusals import NoSuchThingError, UnavailableError

PATIENCE = 10.0
"""Seconds within which SIGKILL must have worked: only a process that hangs in the kernel takes longer, and that is to be told."""

LOOK_AGAIN = 0.01
"""Seconds between two looks at who is left; a killed process is gone within a few milliseconds."""

FLOCK = "hhqqi4x"
"""struct flock of fcntl(2) on 64-bit Linux: type, whence, start, length, pid."""

LOCK_FILE = "supervisor.lock"

ROOT = b"PCLOUD_ROOT="


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table. ``started`` in clock ticks since the boot of the host; with ``pid`` it names a process for good."""

    pid: int
    parent: int
    state: str
    started: int


def supervisor(node: Path) -> int | None:
    """The pid of the machine's supervisor; None when the machine is off. The kernel knows: it holds the lock."""
    try:
        with (node / LOCK_FILE).open("rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except FileNotFoundError:
        return None
    kind, _, _, _, pid = struct.unpack(FLOCK, answer)
    return None if kind == fcntl.F_UNLCK else int(pid)


def members(node: Path) -> list[int]:
    """The pids of everything that belongs to the machine."""
    return [process.pid for process in _members(node)]


def frozen(pid: int) -> bool:
    """Whether the process is stopped (SIGSTOP, or a debugger's hand)."""
    process = _process(pid)
    return process is not None and process.state in "Tt"


def freeze(node: Path) -> list[int]:
    """Stop everything that belongs to the machine, and what it starts meanwhile; returns the pids."""
    return [process.pid for process in _freeze(node)]


def thaw(node: Path) -> None:
    """Let everything that belongs to the machine go on."""
    for process in _members(node):
        send(process, signal.SIGCONT)


def kill_all(node: Path) -> None:
    """Kill everything that belongs to the machine; UnavailableError if something is left after ``PATIENCE`` seconds.

    Stopped first, so that nobody forks away or loses his place in the tree while the others die.
    """
    deadline = time.monotonic() + PATIENCE
    while stopped := _freeze(node):
        for process in stopped:
            send(process, signal.SIGKILL)
        while left := [process for process in stopped if _lives(process)]:
            if time.monotonic() > deadline:
                raise UnavailableError(f"processes do not die: {', '.join(str(process.pid) for process in left)}")
            time.sleep(LOOK_AGAIN)


def send(process: Process, number: int) -> None:
    """Send a signal to this very process; nothing happens if it is gone."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(process.pid)
        try:
            if _lives(process):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _lives(process: Process) -> bool:
    now = _process(process.pid)
    return now is not None and now.started == process.started


def _freeze(node: Path) -> list[Process]:
    stopped: dict[tuple[int, int], Process] = {}
    while fresh := [process for process in _members(node) if (process.pid, process.started) not in stopped]:
        for process in fresh:
            send(process, signal.SIGSTOP)
            stopped[process.pid, process.started] = process
    return [process for process in stopped.values() if _lives(process)]


def _process(pid: int) -> Process | None:
    """The process of that pid as it is now; None if there is none, or only its zombie."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()  # the name before it may hold anything
    if not fields or fields[0] in (b"Z", b"X"):
        return None
    return Process(pid=pid, parent=int(fields[1]), state=fields[0].decode(), started=int(fields[19]))


def _read(pid: int, what: str) -> bytes:
    """What the kernel shows of a process; empty where it is gone, or somebody else's.

    Every look at a machine reads some of every process of the host: a Path for each file costs several times the reading.
    """
    try:
        with open(f"/proc/{pid}/{what}", "rb", buffering=0) as file:  # noqa: PTH123
            return file.read() or b""
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return b""


def _table() -> dict[int, Process]:
    found = (_process(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - a Path for each of them costs more
    return {process.pid: process for process in found if process is not None}


def _members(node: Path) -> list[Process]:
    """Parents before their children: whoever is stopped in this order has no parent left that replaces him."""
    table = _table()
    mark = ROOT + str(node.resolve() / "root").encode()
    sockets = _sockets_of(node)
    first = supervisor(node)
    name = str(node.resolve()).encode()
    own = {pid for pid in table if pid == first or _belongs(pid, mark, sockets) or _supervises(pid, name)}
    chosen = _with_descendants(own, table.values()) - {os.getpid()}
    return sorted((table[pid] for pid in chosen), key=lambda process: (process.pid != first, process.started, process.pid))


def _with_descendants(chosen: set[int], table: Iterable[Process]) -> set[int]:
    children: dict[int, list[int]] = {}
    for process in table:
        children.setdefault(process.parent, []).append(process.pid)
    search = list(chosen)
    while search:
        fresh = [pid for pid in children.get(search.pop(), []) if pid not in chosen]
        chosen.update(fresh)
        search.extend(fresh)
    return chosen


def _belongs(pid: int, mark: bytes, sockets: frozenset[str]) -> bool:
    """Whether its environment names the machine, or, where that names none, one of its sockets does: which takes longer to find out."""
    roots = [word for word in _read(pid, "environ").split(b"\0") if word.startswith(ROOT)]
    return mark in roots if roots else _owns(pid, sockets)


def _supervises(pid: int, node: bytes) -> bool:
    """Whether it is the supervisor of that directory; its lock says the same as long as the directory is there."""
    words = _read(pid, "cmdline").split(b"\0")
    return node in words and any(word.endswith(b"/supervisor.py") for word in words)


def _owns(pid: int, sockets: frozenset[str]) -> bool:
    directory = f"/proc/{pid}/fd"
    try:
        handles = os.listdir(directory) if sockets else []  # noqa: PTH208 - likewise
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return False  # somebody else's, or gone
    for handle in handles:
        with suppress(PermissionError, FileNotFoundError, ProcessLookupError):  # somebody else's, or closed just now
            if os.readlink(f"{directory}/{handle}") in sockets:  # noqa: PTH115 - likewise
                return True
    return False


def _sockets_of(node: Path) -> frozenset[str]:
    """The sockets whose own end is at the machine's address, as /proc/PID/fd names them."""
    try:
        address = load_machine(node).address
    except NoSuchThingError:
        return frozenset()
    local = f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}:"  # the kernel prints it in the host's byte order
    found: set[str] = set()
    for kind in ("tcp", "udp"):
        lines = Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        found.update(f"socket:[{fields[9]}]" for fields in map(str.split, lines) if fields[1].startswith(local) and fields[9] != "0")
    return frozenset(found)
