"""What a lab could leave on this machine, and nothing that somebody else might change meanwhile."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

from openstack_lab import room
from openstack_lab.settings import HOME

POLICY = Path("/usr/sbin/policy-rc.d")
Traces = dict[str, object]


def traces() -> Traces:
    etc = {str(path): digest(path) for path in sorted(Path("/etc").rglob("*")) if path.is_file() and not path.is_symlink()}
    interfaces = sorted(name for _, name in socket.if_nameindex() if name.startswith(("pclab", "brq", "tap")))
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if "openstack-lab" in line]
    shared = sorted(path.name for place in ("/run", "/dev/shm", "/var/tmp") for path in Path(place).glob("*openstack-lab*"))
    policy = digest(POLICY) if POLICY.exists() else None
    return {"etc": etc, "interfaces": interfaces, "mounts": mounts, "processes": mentioned(), "shared": shared, "policy": policy}


def digest(path: Path) -> str:
    return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def mentioned() -> list[str]:
    """Processes in the room, or that name the lab's directory."""
    found = [str(pid) for pid in room.pids(HOME)]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [words.decode(errors="replace")] if str(HOME).encode() in words else []
    return found
