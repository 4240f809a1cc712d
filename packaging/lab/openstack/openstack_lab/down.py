"""Taking a lab down: from any state, after any kill, twice in a row. What it removes it says."""

from __future__ import annotations

import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from openstack_lab import checks, policy_rc, room
from openstack_lab.errors import LabError
from openstack_lab.settings import API_LINK, GUESTS_LINK
from openstack_lab.up import lock

LINK_PATIENCE = 10.0  # seconds; the kernel takes a namespace apart after the last process, in its own time


def down(home: Path, say: Callable[[str], None], forget: bool = False) -> None:
    """Nothing of the lab is left but its cache, and with ``forget`` not even that."""
    checks.root()
    ended = room.empty(home)
    if ended:
        say(f"ended {len(ended)} processes: {', '.join(counted(ended))}")
    for path in policy_rc.allow():
        say(f"removed {path}")
    if not home.exists():
        say("no lab is up here")
        return
    lock(home)  # kept until this process ends
    room.empty(home)  # who came in before the lock was ours
    if ended:
        for link in links_left():
            say(f"{link} is still there: a process that is not the lab's holds its network, or another lab is up")
    _remove(home, say, forget)


def counted(names: list[str]) -> list[str]:
    return [f"{number} {name}" if number > 1 else name for name, number in sorted(Counter(names).items())]


def links_left() -> list[str]:
    """They go with their room; waited for a little. What stays is never removed: it may be another lab's."""
    deadline = time.monotonic() + LINK_PATIENCE
    while (left := {GUESTS_LINK, API_LINK} & {name for _, name in socket.if_nameindex()}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return sorted(left)


def _remove(home: Path, say: Callable[[str], None], forget: bool) -> None:
    place = str(home.resolve())
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    inside = [mount for mount in mounted if mount.startswith(f"{place}/")]
    if inside:
        raise LabError(f"{inside[0]} is a mount that the lab did not make: unmount it first, so that nothing of it is removed")
    record = home / "lab.json"
    rest = sorted(path for path in home.iterdir() if path != record and (forget or path.name != "cache"))
    half_made = sorted((home / "cache").glob("*.new"))
    for path in [*half_made, *rest]:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    record.unlink(missing_ok=True)  # last: as long as it is there, so may be something else
    if rest:
        say(f"removed {', '.join(path.name for path in rest)} in {home}")
    if not any(home.iterdir()):
        home.rmdir()
    elif (home / "cache").exists():
        say(f"kept {home / 'cache'}, which makes the next start quick; openstack-lab down --forget removes it too")
