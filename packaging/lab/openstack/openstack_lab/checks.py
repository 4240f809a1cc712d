"""What must be true before anything is done; each answer is one sentence that says what is wrong and what would be right."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from openstack_lab.errors import LabError
from openstack_lab.settings import API, API_LINK, GUESTS, GUESTS_LINK, Settings

GIB = 1024**3
# Resident sets were 2.6 GB (fake), 3.1 GB (with Cinder); a guest of 512 MB costs 850 MB.
MEMORY = {"fake": 4 * GIB, "full": 6 * GIB}
DISK = {"fake": 1 * GIB, "full": 4 * GIB}
DISK_FOR_PACKAGES = 3 * GIB  # 2.1 GB unpacked, and the archives
DISTRIBUTION = "bookworm"  # the release whose OpenStack (Zed) the configuration is written for


def check(settings: Settings, packages_missing: bool) -> None:
    """LabError where this machine cannot carry the lab."""
    root()
    distribution(Path("/etc/os-release"))
    interfaces(name for _, name in socket.if_nameindex())
    networks(Path("/proc/net/route").read_text())
    room(settings, memory_available(Path("/proc/meminfo").read_text()), disk_free(settings.home), packages_missing)


def root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and network interfaces: run it as root")


def distribution(release: Path) -> None:
    text = release.read_text() if release.exists() else ""
    if f"VERSION_CODENAME={DISTRIBUTION}" not in text.splitlines():
        raise LabError("the lab is made of the packages of Debian 12 (bookworm), which this machine is not: use one that is")


def interfaces(names: Iterable[str]) -> None:
    taken = sorted({GUESTS_LINK, API_LINK} & set(names))
    if taken:
        raise LabError(f"there is a network interface {taken[0]} already, which is not this lab's: remove it (ip link delete {taken[0]})")


def networks(table: str) -> None:
    """``table`` is the kernel's, as /proc/net/route shows it. A default route is no network."""
    for line in table.splitlines()[1:]:
        name, destination, _, _, _, _, _, mask = line.split()[:8]
        if mask == "00000000":
            continue
        network = IPv4Network((dotted(destination), dotted(mask)))
        for own in (GUESTS, API):
            if network.overlaps(own):
                raise LabError(f"the lab needs the network {own}, and {network} is reached through {name}: take that away first")


def dotted(reversed_hex: str) -> str:
    return socket.inet_ntoa(struct.pack("<L", int(reversed_hex, 16)))


def memory_available(meminfo: str) -> int:
    return next(int(line.split()[1]) * 1024 for line in meminfo.splitlines() if line.startswith("MemAvailable:"))


def disk_free(place: Path) -> int:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def room(settings: Settings, memory: int, disk: int, packages_missing: bool) -> None:
    need = MEMORY[settings.size]
    if memory < need:
        raise LabError(f"the lab in size {settings.size} needs {need / GIB:.0f} GiB of free memory, and there are {memory / GIB:.1f}")
    need = DISK[settings.size] + (DISK_FOR_PACKAGES if packages_missing else 0)
    if disk < need:
        raise LabError(
            f"the lab in size {settings.size} needs {need / GIB:.0f} GiB of free disk for {settings.home}, and there are {disk / GIB:.1f}"
        )
