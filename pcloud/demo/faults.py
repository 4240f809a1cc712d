"""Faults as they happen: a process killed, a machine frozen, a machine destroyed by somebody else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from cpe.shell.infrastructures.local.processes import freeze, members
from pcloud.client import Client
from pcloud.demo.place import Place
from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.status import AssemblyStatus, InstanceStatusBody

NAME = "wordpress"
FAULTS = ("kill", "freeze", "destroy")


def assembly_of(client: Client, name: str) -> AssemblyStatus:
    """An assembly of the demo's deployable."""
    status = client.status(NAME)
    for each in status.assemblies:
        if each.name == name:
            return each
    raise NotFoundError(f"{NAME} has no assembly {name}", f"it has {', '.join(each.name for each in status.assemblies)}")


def instance_of(client: Client, name: str) -> InstanceStatusBody:
    """The machine of an assembly of the demo's deployable."""
    instance = assembly_of(client, name).instance
    if instance is None:
        raise RefusedError(f"{NAME}/{name} has no machine now")
    return instance


def kill(place: Place, client: Client, assembly: str, resource: str) -> str:
    """SIGKILL the process of a resource; returns what was done, in words."""
    machine = place.machine(instance_of(client, assembly).id)
    pidfile = machine / "root" / "run" / "pcloud" / f"{resource}.pid"
    if not pidfile.exists():
        raise NotFoundError(f"{NAME}/{assembly} keeps no process called {resource}")
    pid = int(pidfile.read_text().split()[0])
    if pid not in members(machine):
        raise RefusedError(f"{resource} does not run in {NAME}/{assembly}")
    os.kill(pid, signal.SIGKILL)
    return f"kill -9 {pid} ({command(pid, resource)})"


def command(pid: int, otherwise: str) -> str:
    """The name of a process, for people."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return otherwise


def freeze_machine(place: Place, client: Client, assembly: str) -> str:
    """SIGSTOP every process of a machine."""
    pids = freeze(place.machine(instance_of(client, assembly).id))
    return f"kill -STOP to all {len(pids)} processes of the machine"


def destroy(place: Place, client: Client, assembly: str) -> str:
    """Destroy a machine behind pcloud's back."""
    instance = instance_of(client, assembly)
    place.destroy_behind_the_back(instance.id)
    return f"machine {instance.id} destroyed at the cloud, behind pcloud's back"


def inject(place: Place, target: str, fault: str = "") -> str:
    """Break ``[wordpress/]ASSEMBLY[/RESOURCE]``: a resource is killed, an assembly frozen unless ``fault`` says destroy."""
    parts = target.removeprefix(f"{NAME}/").split("/")
    chosen = fault or ("kill" if len(parts) == 2 else "freeze")
    with Client(place.socket) as client:
        if len(parts) == 2 and chosen == "kill":
            return kill(place, client, parts[0], parts[1])
        if len(parts) == 1 and chosen == "freeze":
            return freeze_machine(place, client, parts[0])
        if len(parts) == 1 and chosen == "destroy":
            return destroy(place, client, parts[0])
    raise RefusedError(
        f"{target} cannot be broken by {chosen}", "ASSEMBLY/RESOURCE is killed, ASSEMBLY frozen, or destroyed with ASSEMBLY=destroy"
    )
