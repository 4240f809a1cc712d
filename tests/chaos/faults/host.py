"""Faults of the controller itself and of its host: killed, stopped, at failpoints, a full or read-only disk, a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import ExitStack

from tests.chaos.faults.words import Strikes, Undo
from tests.chaos.schedule import Fault
from tests.chaos.world import World

BALLAST = "ballast"
STEP = 1 << 16
STOPPED_FOR = 5.0
"""Seconds for which a daemon stands that stopped itself at a failpoint."""
LOOK = 0.2


def kill(world: World, fault: Fault) -> None:
    world.controller.kill()


def stop(world: World, fault: Fault) -> Undo:
    world.controller.send(signal.SIGSTOP)
    return lambda: world.controller.send(signal.SIGCONT)


def at_failpoints(world: World, fault: Fault) -> Undo:
    """Told until it ends, or until the daemon has killed itself; one that has stopped itself is let go on after a while."""
    act = fault.kind.removeprefix("failpoint-")
    world.failpoints.write_text(";".join(f"{name}={act}" for name in fault.detail.split()))
    over = threading.Event()
    awake = threading.Thread(target=wake, args=(world, over), daemon=True)
    if act == "stop":
        awake.start()

    def undo() -> None:
        world.failpoints.write_text("")
        over.set()
        if act == "stop":
            awake.join()
            world.controller.send(signal.SIGCONT)

    return undo


def wake(world: World, over: threading.Event) -> None:
    since = None
    while not over.wait(LOOK):
        if not stopped(world.controller.pid):
            since = None
        elif since is None:
            since = time.monotonic()
        elif time.monotonic() - since > STOPPED_FOR:
            world.controller.send(signal.SIGCONT)


def stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(") ")[2][0] in "Tt"
    except (OSError, IndexError):
        return False


def fill_disk(world: World, fault: Fault) -> Undo:
    """Every byte of the file system under the store; what SQLite has of its own stays."""
    hindrance = ExitStack()
    hindrance.enter_context(world.controller.hindered())
    path = world.state / BALLAST
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    size = STEP
    while size:
        try:
            os.write(handle, b"x" * size)
        except OSError:
            size //= 2
    os.close(handle)

    def undo() -> None:
        path.unlink(missing_ok=True)
        hindrance.close()

    return undo


def read_only(world: World, fault: Fault) -> Undo:
    """No file system with files open for writing becomes read-only, so the daemon is killed, and comes back to a store that is."""
    hindrance = ExitStack()
    hindrance.enter_context(world.controller.hindered())
    for _ in range(50):
        world.controller.kill()
        if remount(world, "ro") == 0:
            break
        time.sleep(0.05)

    def undo() -> None:
        remount(world, "rw")
        hindrance.close()

    return undo


def remount(world: World, how: str) -> int:
    return subprocess.run(["mount", "-o", f"remount,{how}", world.state], check=False, capture_output=True).returncode


def set_clock(world: World, fault: Fault) -> Undo:
    """There and back: both are jumps."""
    sign = "-" if fault.kind == "clock-back" else "+"
    world.clock.write_text(f"{sign}{fault.detail}\n")
    return lambda: void(world.clock.write_text("+0\n"))


def void(_: object) -> None:
    """For what returns something that nobody wants."""


STRIKES: Strikes = {
    "daemon-killed": kill,
    "daemon-stopped": stop,
    "failpoint-kill": at_failpoints,
    "failpoint-stop": at_failpoints,
    "failpoint-lose": at_failpoints,
    "disk-full": fill_disk,
    "disk-readonly": read_only,
    "clock-forward": set_clock,
    "clock-back": set_clock,
}
