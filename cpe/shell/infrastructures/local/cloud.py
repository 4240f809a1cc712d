"""The embedded cloud as a whole: makes machines, finds them, and gives them volumes.

Rules: what touches more than one machine or volume is done under the cloud's lock; a thing is built aside and appears whole.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cpe.shell.infrastructures.local import sshd
from cpe.shell.infrastructures.local.address import SSH_PORT, free_address
from cpe.shell.infrastructures.local.building import build
from cpe.shell.infrastructures.local.cloudinit import first_boot
from cpe.shell.infrastructures.local.disk import locked, remove_tree
from cpe.shell.infrastructures.local.machine import Machine, Power
from cpe.shell.infrastructures.local.names import new_id
from cpe.shell.infrastructures.local.processes import kill_all
from cpe.shell.infrastructures.local.records import MACHINE_RECORD, MachineRecord, Task, VolumeRecord, identified
from cpe.shell.infrastructures.local.refusals import ConflictError, LocalCloudError, NoSuchThingError
from cpe.shell.infrastructures.local.volumes import Volumes


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOrder:
    """What a machine is made of. ``volumes`` maps the id of each volume to the path where it is mounted."""

    name: str
    image: str
    size: str
    user_data: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)


class LocalCloud:
    """All machines and volumes below ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._machines = self._directory / "nodes"
        for place in (self._machines, self._directory / "volumes"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._volumes = Volumes(self._directory / "volumes", self._machines)

    def create(self, order: MachineOrder) -> Machine:
        """A new machine; when this returns it is booting."""
        sshd.sshd_program()
        user = sshd.login_user().pw_name
        with locked(self._directory / "lock"):
            self._sweep()
            record = MachineRecord(
                id=new_id(),
                name=order.name,
                image=order.image,
                size=order.size,
                address=free_address([machine.record().address for machine in self.machines()]),
                port=SSH_PORT,
                user=user,
                created=time.time(),
                metadata=dict(order.metadata),
                task=Task.BOOT,
            )
            build(self._machines, record, first_boot(order.user_data), order.volumes, self._volumes)
        machine = self.machine(record.id)
        machine.perform(Task.BOOT)
        return machine

    def machine(self, identity: str) -> Machine:
        """The machine of that id; NoSuchThingError if there is none."""
        machine = Machine(identified(self._machines, identity, "instance"), self._volumes)
        machine.record()
        return machine

    def machines(self) -> list[Machine]:
        """All of them, oldest first."""
        found = []
        for place in self._machines.iterdir():
            with suppress(NoSuchThingError):  # gone since we looked, or not a machine
                machine = Machine(identified(self._machines, place.name, "instance"), self._volumes)
                found.append((machine.record().created, place.name, machine))
        return [machine for _, _, machine in sorted(found, key=lambda entry: entry[:2])]

    def create_volume(self, name: str, size: int, metadata: Mapping[str, str]) -> VolumeRecord:
        with locked(self._directory / "lock"):
            return self._volumes.create(name, size, metadata)

    def volumes(self) -> list[VolumeRecord]:
        """All of them, oldest first."""
        return self._volumes.all()

    def volume(self, identity: str) -> VolumeRecord:
        return self._volumes.read(identity)

    def attach(self, identity: str, machine: str, mount: str) -> None:
        """Give the volume to a machine, whether that is on or off."""
        with locked(self._directory / "lock"):
            self.machine(machine)
            if self._volumes.holder(identity) != machine and not self._volumes.read(identity).machine:
                self._take_from_holder(identity)
            attached = self._volumes.attach(identity, machine, mount)
            try:
                self._volumes.mount([attached], self._machines / machine / "root")
            except LocalCloudError:
                self._volumes.detach(identity)
                raise

    def detach(self, identity: str) -> None:
        """Take the volume from its machine; ConflictError while that is on, since its processes would go on writing."""
        with locked(self._directory / "lock"):
            self._take_from_holder(identity)
            self._volumes.detach(identity)

    def _take_from_holder(self, identity: str) -> None:
        """See that nothing of the machine that has the volume writes to it any more."""
        holder = self._volumes.holder(identity)
        if not holder:
            return
        try:
            machine = self.machine(holder)
        except NoSuchThingError:  # its directory was removed by hand; what runs of it still has the volume
            kill_all(self._machines / holder)
            return
        if machine.power() is not Power.STOPPED:
            raise ConflictError(f"{holder} is on, and volume {identity} is mounted there: stop it first")
        machine.perform(Task.STOP)  # also what outlived its supervisor

    def destroy_volume(self, identity: str) -> None:
        with locked(self._directory / "lock"):
            holder = self._volumes.holder(identity)
            if holder and not (self._machines / holder / MACHINE_RECORD).exists():
                self._take_from_holder(identity)
                self._volumes.detach(identity)
            self._volumes.destroy(identity)

    def _sweep(self) -> None:
        """Remove what a create or destroy that was cut off left behind."""
        for parent in (self._machines, self._directory / "volumes"):
            for left in [*parent.glob(".new-*"), *parent.glob(".gone-*")]:
                remove_tree(left)
