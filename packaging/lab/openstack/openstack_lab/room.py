"""The lab's room: a mount and a network namespace that every process of the lab is born in.

What makes a process one of the lab's is that it sees the lab's file system in memory: no stranger does, a process cannot lose it by
forking, changing its session or its environment, and nothing that a kill may interrupt has to be written down for it.
Mounts, links, bridges and taps are the namespaces' own: the kernel removes them when the last process is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from openstack_lab import kernel
from openstack_lab.commands import run
from openstack_lab.errors import LabError
from openstack_lab.settings import API, API_LINK, GUESTS, GUESTS_LINK, PHYSICAL, Settings

MEMORY = "pcloud-openstack-lab"  # the source of the file system in memory, as /proc/PID/mountinfo names it
MEMORY_SIZE = "2g"  # at most; the databases need 250 MB, RabbitMQ 5
LIBVIRT = ("/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt")  # compiled into libvirt: no setting moves them
LIBVIRT_CACHE = "/var/cache/libvirt"  # what each QEMU on this machine can do, asked of them all at the first start: two seconds each
PATIENCE = 30.0  # seconds; a killed process that is still there then hangs in the kernel


def begin(settings: Settings) -> None:
    """From here on this process, its threads and children are in the lab's room; called once, before there are threads.

    They still have this machine's network, which an image is built with.
    """
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.make_mounts_private()
        kernel.mount(MEMORY, settings.memory, "tmpfs", f"mode=0755,size={MEMORY_SIZE}")
    except OSError as error:
        raise LabError(f"this machine lets root make no mount namespaces ({error}): in a container, run it privileged") from error


def close(settings: Settings) -> None:
    """The room gets a network of its own, and its own view of what the services cannot be told to have elsewhere."""
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        kernel.unshare(kernel.CLONE_NEWNET)
        _own_directories(settings)
        _links(outside)
    except OSError as error:
        raise LabError(f"this machine lets root make no network namespaces ({error}): in a container, run it privileged") from error
    finally:
        os.close(outside)


def _own_directories(settings: Settings) -> None:
    kernel.mount("sysfs", Path("/sys"), "sysfs")  # shows the interfaces of the namespace that mounts it
    kernel.mount("tmpfs", Path("/run"), "tmpfs", "mode=0755")
    for name in ("database", "messages", "mounts/cinder", "mounts/nova"):
        (settings.memory / name).mkdir(parents=True)
    if settings.size != "full":
        return
    for place in map(Path, LIBVIRT):
        own = settings.state / "libvirt" / str(place).strip("/").replace("/", "-")
        if place.parent == Path("/etc"):
            shutil.copytree(place, own)
        else:
            own.mkdir()
        kernel.bind(own, place)
    (settings.cache / "libvirt").mkdir(exist_ok=True)
    kernel.bind(settings.cache / "libvirt", Path(LIBVIRT_CACHE))


def _links(outside: int) -> None:
    """Made from outside with one end in here, so that they never are without the room.

    There is no way further out: what asks for a name server hears at once that there is none, instead of waiting for an answer.
    """
    host = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{outside}", "ip")
    for name, peer in ((GUESTS_LINK, PHYSICAL), (API_LINK, "api")):
        run(*host, "link", "add", name, "type", "veth", "peer", "name", peer, "netns", str(os.getpid()))
    run(*host, "address", "add", f"{GUESTS[1]}/{GUESTS.prefixlen}", "dev", GUESTS_LINK)
    run(*host, "address", "add", f"{API[1]}/{API.prefixlen}", "dev", API_LINK)
    for name in (GUESTS_LINK, API_LINK):
        run(*host, "link", "set", name, "up")
    run("ip", "address", "add", f"{API[2]}/{API.prefixlen}", "dev", "api")
    for name in ("lo", "api", PHYSICAL):
        run("ip", "link", "set", name, "up")


def follow(pid: int) -> None:
    """Into the room of a process that is in it already."""
    kernel.setns(f"/proc/{pid}/ns/net", kernel.CLONE_NEWNET)
    kernel.setns(f"/proc/{pid}/ns/mnt", kernel.CLONE_NEWNS)


@dataclass(frozen=True)
class Member:
    """A process in the room, held by a descriptor: a later process of the same number is not meant."""

    pid: int
    name: str
    session: int
    descriptor: int

    def kill(self) -> None:
        try:
            signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            os.close(self.descriptor)


def is_in(home: Path, pid: int) -> bool:
    """Whether the process sees the memory of the lab in this directory."""
    place = str(home.resolve() / "memory")
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    except OSError:  # it is gone, or a zombie
        return False
    return any(fields[4] == place and fields[-2] == MEMORY for fields in map(str.split, lines))


def pids(home: Path) -> list[int]:
    """All processes in the room of the lab in this directory, but for the caller."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return sorted(pid for pid in numbers if pid != os.getpid() and is_in(home, pid))


def members(home: Path) -> list[Member]:
    found = []
    for pid in pids(home):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if is_in(home, pid):  # once more: from now on the number is this process's
            with contextlib.suppress(OSError):
                found.append(Member(pid, Path(f"/proc/{pid}/comm").read_text().strip(), os.getsid(pid), descriptor))
                continue
        os.close(descriptor)
    return found


def empty(home: Path) -> list[str]:
    """Kills all in the room until nobody is there, and says who that was. Nothing of a lab is kept, so nobody is asked to end politely."""
    ended: dict[int, str] = {}
    deadline = time.monotonic() + PATIENCE
    while found := members(home):
        for member in found:
            ended[member.pid] = member.name
            member.kill()
        if time.monotonic() > deadline:
            rest = ", ".join(f"{member.name} ({member.pid})" for member in found)
            raise LabError(f"killed, and still there after {PATIENCE:.0f} s: {rest}")
        time.sleep(0.05)
    return list(ended.values())
