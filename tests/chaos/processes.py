"""The processes of all machines, as the kernel shows them: which machine's each is, what it does, whether it is stopped.

Rules: independent of what pcloud knows. A process is a machine's if its environment names that machine's root, or its parent is one of
its processes. An environment is read until it names one: a process does not become another machine's, but what it does changes.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = b"PCLOUD_ROOT="
SSHD_CONFIG = "/ssh/sshd_config"


@dataclass(frozen=True, slots=True)
class Process:
    """``node`` is the directory of its machine; "" for none's. ``started`` in clock ticks: with ``pid`` it names a process for good."""

    pid: int
    parent: int
    state: str
    started: int
    node: str
    command: str

    @property
    def stopped(self) -> bool:
        return self.state in "Tt"

    @property
    def supervises(self) -> bool:
        return "/supervisor.py " in self.command

    @property
    def serves(self) -> bool:
        return self.command.rstrip().endswith("/service.py")

    @property
    def listens_for_ssh(self) -> bool:
        return "[listener]" in self.command

    @property
    def is_session(self) -> bool:
        return self.command.startswith("sshd: ") and not self.listens_for_ssh

    def send(self, number: int) -> None:
        """A signal, unless it has ended or its number was given to another one."""
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(self.pid)
            try:
                now = stat(self.pid)
                if now is not None and now[2] == self.started:
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)


def stat(pid: int) -> tuple[int, str, int] | None:
    """Parent, state and start of a process that lives."""
    fields = read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return None if not fields or fields[0] in "ZX" else (int(fields[1]), fields[0], int(fields[19]))


def read(pid: int, what: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{what}", "rb", buffering=0) as file:  # noqa: PTH123 - dozens of times a second, and a Path costs more
            return file.read() or b""
    except OSError:
        return b""


class Table:
    """Looks at all processes again and again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], str] = {}  # whose each process is

    def look(self) -> list[Process]:
        """Everything that lives now, parents before their children."""
        found: dict[int, Process] = {}
        known: dict[tuple[int, int], str] = {}
        for name in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):  # noqa: PTH208 - likewise
            now = stat(name)
            if now is None:
                continue
            parent, state, started = now
            node = self._known.get((name, started), "") or node_of(name)
            if not node and parent in found:
                node = found[parent].node
            known[name, started] = node
            command = " ".join(read(name, "cmdline").decode(errors="replace").split("\0")) if node else ""
            found[name] = Process(name, parent, state, started, node, command)
        self._known = known
        return list(found.values())

    def of(self, node: Path) -> list[Process]:
        return [each for each in self.look() if each.node == str(node)]


def node_of(pid: int) -> str:
    """The directory of the machine that its environment names, or an SSH server's title: that is written over the environment."""
    for word in read(pid, "environ").split(b"\0"):
        if word.startswith(MARK):
            return word[len(MARK) :].decode(errors="replace").removesuffix("/root")
    for word in read(pid, "cmdline").decode(errors="replace").split():
        if word.endswith(SSHD_CONFIG):
            return word.removesuffix(SSHD_CONFIG)
    return ""
