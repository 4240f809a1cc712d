"""Faults of machines and of what runs on them: killed, stopped, destroyed behind everybody's back, and garbage from their watchers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.refusals import LocalCloudError
from tests.chaos.faults.words import MissedError, Strikes, Undo
from tests.chaos.processes import Process, Table, read
from tests.chaos.schedule import Fault
from tests.chaos.site import Node
from tests.chaos.world import World

GARBAGE = 4000
"""Bytes: more than a line of the watcher ever has, less than a pipe holds."""


def node(world: World, target: str) -> Node:
    found = world.site.current(target)
    if found is None:
        raise MissedError(f"no machine of {target} runs")
    return found


def chosen(world: World, fault: Fault, wanted: Callable[[Process], bool]) -> list[Process]:
    """The processes of all its targets that are meant."""
    nodes = [str(each.directory) for target in fault.targets if (each := world.site.current(target)) is not None]
    found = [process for process in Table().look() if process.node in nodes and wanted(process)]
    if not found:
        raise MissedError("nothing of it runs")
    return found


def send_all(processes: list[Process], number: int) -> None:
    for process in processes:
        process.send(number)


def killing(wanted: Callable[[Process], bool]) -> Callable[[World, Fault], Undo | None]:
    def strike(world: World, fault: Fault) -> None:
        send_all(chosen(world, fault, wanted), signal.SIGKILL)

    return strike


def stopping(wanted: Callable[[Process], bool]) -> Callable[[World, Fault], Undo | None]:
    def strike(world: World, fault: Fault) -> Undo:
        struck = chosen(world, fault, wanted)
        send_all(struck, signal.SIGSTOP)
        return lambda: send_all(struck, signal.SIGCONT)

    return strike


def anything(process: Process) -> bool:
    return True


def of_ssh(process: Process) -> bool:
    return process.listens_for_ssh or process.is_session


def kill_sshd(world: World, fault: Fault) -> Undo:
    """The listener and its sessions; somebody starts it again, as an init system would."""
    directory = node(world, fault.targets[0]).directory
    send_all(chosen(world, fault, of_ssh), signal.SIGKILL)
    return lambda: start_sshd(directory)


def start_sshd(directory: Path) -> None:
    """Unless its machine is off, gone, or has booted meanwhile: then it has another one."""
    processes = Table().of(directory)
    if not any(each.supervises for each in processes) or any(each.listens_for_ssh for each in processes):
        return
    environment = {"PCLOUD_ROOT": f"{directory}/root", "PATH": os.environ["PATH"]}
    with suppress(FileNotFoundError), (directory / "console.log").open("ab") as console:  # destroyed since
        command = ["setsid", "--fork", "/usr/sbin/sshd", "-D", "-e", "-f", directory / "ssh/sshd_config"]
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console, check=True)


def destroy(world: World, fault: Fault) -> None:
    found = node(world, fault.targets[0])
    driver = LocalNodeDriver(found.directory.parent.parent)
    with suppress(LocalCloudError, OSError):  # it is being destroyed already
        driver.destroy_node(driver.ex_get_node(found.id))


def babble(world: World, fault: Fault) -> None:
    """Bytes into the pipe from the watcher to its sshd, lines that almost make sense among them."""
    chance = random.Random(int(fault.detail))
    watchers = [each for each in chosen(world, fault, anything) if is_watcher(each)]
    if not watchers:
        raise MissedError("nobody watches it")
    lines = [b"r 1.0", b"r one.two three", b"r 999999.5 0 no such probe", b"pcloud-watcher 1", b"p", b"h" * 9000, b"\xff\xfe\x00\x01"]
    noise = b"\n".join([chance.randbytes(GARBAGE // 4), *chance.sample(lines, 4), chance.randbytes(GARBAGE // 4), b""])
    for each in watchers[:1]:
        with suppress(OSError):  # it ended, or nobody reads
            handle = os.open(f"/proc/{each.pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(handle, noise[: GARBAGE * 3])
            finally:
                os.close(handle)


def is_watcher(process: Process) -> bool:
    """The shell that is fed the watcher: a child of a session, with a pipe to it."""
    parent = read(process.parent, "cmdline")
    with suppress(OSError):
        return parent.startswith(b"sshd: ") and os.readlink(f"/proc/{process.pid}/fd/1").startswith("pipe:")  # noqa: PTH115
    return False


STRIKES: Strikes = {
    "service-killed": killing(lambda process: process.serves),
    "service-stopped": stopping(lambda process: process.serves),
    "sshd-killed": kill_sshd,
    "sshd-stopped": stopping(of_ssh),
    "machine-killed": killing(anything),
    "machine-stopped": stopping(anything),
    "machine-destroyed": destroy,
    "storm-stopped": stopping(anything),
    "storm-killed": killing(lambda process: process.serves),
    "garbage": babble,
}
