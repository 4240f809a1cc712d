"""One container: begun, looked at, and ended.

Rules: systemd-nspawn and the container's first process carry the machine's id in their environment; as long as one of them lives, the
machine runs. They are nobody's children, so that they outlive the controller.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from cpe.shell.infrastructures.local.records import VolumeRecord
from cpe.shell.infrastructures.local.refusals import UnavailableError
from cpe.shell.infrastructures.machine.programs import run

MARK = "PCLOUD_MACHINE"
NSPAWN = "systemd-nspawn"

BEGIN = 15.0
"""Seconds for a container to have its end of the cable; a tenth of one is usual."""
ORDERLY = 20.0
"""Seconds for an orderly power-off, after which it is cut: with what follows it stays within the time of a call."""
ASK_AGAIN = 1.0
"""Seconds until it is asked again to power off: early in its boot nobody hears."""
KILLED = 10.0
"""Seconds within which SIGKILL must have worked."""
LOOK = 0.02
"""Seconds between two looks."""

CONSOLE = 'console=$1; shift; exec "$@" </dev/null >>"$console" 2>&1'
"""For sh: what nspawn prints is the machine's console."""

POWER_OFF, REBOOT = signal.SIGRTMIN + 4, signal.SIGRTMIN + 5
"""What systemd, as a first process, understands by them (systemd(1))."""


def running(identity: str) -> dict[int, bool]:
    """The pids of a machine that live, and whether each is nspawn's own rather than the machine's first process."""
    mark = f"\0{MARK}={identity}\0".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it has just ended
                if mark in b"\0" + (entry / "environ").read_bytes() and (entry / "stat").read_text().rpartition(") ")[2][:1] not in "ZX":
                    found[int(entry.name)] = (entry / "comm").read_text().strip() == NSPAWN
    return found


def begin(place: Path, identity: str, bridge: str, volumes: Iterable[VolumeRecord], data: Callable[[str], Path]) -> None:
    """Boot it; UnavailableError with its last words if it does not come as far as its network."""
    root = place / "root"
    if not root.is_mount():
        layers = (place / "image").resolve()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={layers},upperdir={place / 'upper'},workdir={place / 'work'}", root)
    name = f"p{identity}"
    binds = [f"--bind={data(volume.id)}:{volume.mount}" for volume in volumes]
    # where systemd runs the host it gives each machine a scope, which outlives the daemon's unit
    unit = [] if Path("/run/systemd/system").is_dir() else ["--keep-unit"]
    options = ["--quiet", "--boot", "--register=no", *unit, f"--network-bridge={bridge}", f"--machine={name}", *binds]
    words = [NSPAWN, *options, f"--setenv={MARK}={identity}", "-D", str(root)]
    run("setsid", "--fork", "sh", "-c", CONSOLE, "sh", place / "console", *words, env={MARK: identity})
    _until(lambda: Path(f"/sys/class/net/vb-{name}").exists() or not running(identity), BEGIN)
    if not running(identity):
        raise UnavailableError(f"{NSPAWN}: {(place / 'console').read_text(errors='replace')[-300:].strip()}")


def ask(identity: str, word: int) -> bool:
    """Tell the machine's first process to power off or to reboot; False if nothing of it runs."""
    pids = running(identity)
    for pid, is_nspawn in pids.items():
        if not is_nspawn:
            _send(pid, word)
    return bool(pids)


def end(identity: str, *, orderly: bool) -> None:
    """See it off, by force where it does not go by itself; UnavailableError if even that does not help."""
    if orderly:
        for _ in range(round(ORDERLY / ASK_AGAIN)):
            if not ask(identity, POWER_OFF) or _until(lambda: not running(identity), ASK_AGAIN):
                return
    deadline = time.monotonic() + KILLED
    while pids := running(identity):
        for pid in sorted(pids, key=lambda each: pids[each]):  # its first process before nspawn
            _send(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise UnavailableError(f"processes {', '.join(map(str, pids))} of {identity} survive SIGKILL")
        time.sleep(LOOK)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _until(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)
    return True
