"""One machine of the embedded cloud: power on, off, reboot, destroy, console.

Rules:
- What is begun is written down first and finished by whoever finds it unfinished: a cloud goes on when its client dies.
- The machine is on while its supervisor lives, whatever else runs; off is only promised after everything that belongs to it was killed.
- One thing at a time is done to a machine, under its lock.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from cpe.shell.infrastructures.local import processes, sshd, supervisor
from cpe.shell.infrastructures.local.disk import LOCK_PATIENCE, locked, remove_tree, write_whole
from cpe.shell.infrastructures.local.records import MachineRecord, Task, load_machine
from cpe.shell.infrastructures.local.refusals import ConflictError, LocalCloudError, UnavailableError
from cpe.shell.infrastructures.local.volumes import Volumes

START_TIMEOUT = 20.0
"""Seconds in which a supervisor must have detached; it takes a few hundredths of one."""

ORDERLY_MARGIN = 2.0
"""Seconds more than the supervisor's own patience, before it is no longer believed in."""

LOOK_AGAIN = 0.02
"""Seconds between two looks whether the supervisor has ended; an empty machine powers off in about a tenth of a second."""

CONSOLE = "console.log"
CONSOLE_KEPT = 64 * 1024
"""Bytes of the console that are shown, and that survive a boot: what clouds keep as well."""


class Power(StrEnum):
    """What the cloud says of the machine, in libcloud's words."""

    RUNNING = "running"
    STOPPED = "stopped"
    PENDING = "pending"
    REBOOTING = "rebooting"
    STOPPING = "stopping"


UNDER_WAY = {Task.BOOT: Power.PENDING, Task.REBOOT: Power.REBOOTING, Task.STOP: Power.STOPPING, Task.DESTROY: Power.STOPPING}


class Machine:
    """The machine that lives in ``directory``. Every method raises NoSuchThingError when it is gone."""

    def __init__(self, directory: Path, volumes: Volumes) -> None:
        self.directory = directory
        self._volumes = volumes

    def record(self) -> MachineRecord:
        return load_machine(self.directory)

    def power(self) -> Power:
        """How it stands, after what somebody left unfinished was finished."""
        task = self.record().task
        if task is not Task.NONE:
            try:
                self._finish(patience=0.0)
            except LocalCloudError:  # somebody is at it, or it cannot be finished now: then it is still under way
                self.record()
                return UNDER_WAY[task]
        return Power.STOPPED if processes.supervisor(self.directory) is None else Power.RUNNING

    def perform(self, task: Task, by: str = "") -> None:
        """Do it, because ``by`` asks for it; when the machine is as it should be already, nothing happens."""
        with self._lock(LOCK_PATIENCE):
            record = self.record()
            ends = task is Task.STOP and processes.supervisor(self.directory) is not None  # who stops what is off has not stopped it
            stopped_by = by if ends else record.stopped_by if task is Task.STOP else ""
            replace(record, task=task, stopped_by=stopped_by).save(self.directory)
            self._do(task)

    def tag(self, metadata: Mapping[str, str | None]) -> None:
        """Put these on it, and take off those that are None."""
        with self._lock(LOCK_PATIENCE):
            self.record().tagged(metadata).save(self.directory)

    def reboot_softly(self) -> None:
        """Ask the machine to reboot; a stopped process does not hear it. ConflictError when it is off."""
        with self._lock(LOCK_PATIENCE):
            pid = processes.supervisor(self.directory)
            if pid is None:
                raise ConflictError(f"{self.directory.name} is off")
            self._signal(pid, signal.SIGHUP)

    def console(self) -> str:
        """The end of what it printed."""
        self.record()
        try:
            with (self.directory / CONSOLE).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - CONSOLE_KEPT))
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    @contextmanager
    def _lock(self, patience: float) -> Iterator[None]:
        self.record()
        with locked(self.directory / "lock", patience):
            yield

    def _finish(self, patience: float) -> None:
        with self._lock(patience):
            self._do(self.record().task)

    def _do(self, task: Task) -> None:
        """Do it and note that it is done, or cannot be; it stays begun when it may yet succeed."""
        try:
            self._act(task)
        except ConflictError:
            replace(self.record(), task=Task.NONE).save(self.directory)
            raise
        if task is not Task.DESTROY:
            replace(self.record(), task=Task.NONE).save(self.directory)

    def _act(self, task: Task) -> None:
        match task:
            case Task.BOOT:
                self._boot()
            case Task.REBOOT:
                processes.kill_all(self.directory)
                self._start()
            case Task.STOP:
                self._power_off()
            case Task.DESTROY:
                self._destroy()

    def _boot(self) -> None:
        if processes.supervisor(self.directory) is not None:
            return
        if (self.directory / CONSOLE).exists():  # it was on before: what a supervisor that was killed left behind
            processes.kill_all(self.directory)
        self._start()

    def _start(self) -> None:
        record = self.record()
        root = self.directory / "root"
        environment = sshd.machine_environment(root, record.address)
        self._volumes.mount(self._volumes.of(record.id), root)
        ssh = self.directory / "ssh"
        sshd.configure(ssh, address=record.address, port=record.port, user=record.user, environment=environment)
        console = self.directory / CONSOLE
        write_whole(console, self.console().encode())
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(self.directory), sshd.sshd_program()]
        try:
            with console.open("ab") as output:
                status = subprocess.run(
                    command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, timeout=START_TIMEOUT
                ).returncode
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError(f"{record.id} cannot be started: {error}") from error
        if status:
            raise UnavailableError(f"{record.id} cannot be started: {self.console()[-500:]}")

    def _power_off(self) -> None:
        pid = processes.supervisor(self.directory)
        if pid is not None and not processes.frozen(pid):
            self._signal(pid, signal.SIGTERM)
            deadline = time.monotonic() + supervisor.ORDERLY + ORDERLY_MARGIN
            while processes.supervisor(self.directory) is not None and time.monotonic() < deadline:
                time.sleep(LOOK_AGAIN)
        processes.kill_all(self.directory)

    def _destroy(self) -> None:
        processes.kill_all(self.directory)
        late = self.directory.with_name(f".gone-{self.directory.name}")
        self.directory.rename(late)
        remove_tree(late)

    def _signal(self, pid: int, number: int) -> None:
        with suppress(ProcessLookupError):  # it ended just now
            os.kill(pid, number)
