"""All machines and volumes of one infrastructure with the driver ``machine``.

Rules: a machine is built aside and appears whole; one thing at a time is done to a machine, under its lock, and what touches more than one
under the cloud's. One that a dead client left off is switched on by whoever needs it; what it left half removed is swept away.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cpe.shell.infrastructures.local.cloud import MachineOrder
from cpe.shell.infrastructures.local.cloudinit import first_boot
from cpe.shell.infrastructures.local.disk import locked, remove_tree
from cpe.shell.infrastructures.local.names import new_id
from cpe.shell.infrastructures.local.records import MachineRecord, VolumeRecord, identified, load_machine
from cpe.shell.infrastructures.local.refusals import ConflictError, NoSuchThingError
from cpe.shell.infrastructures.local.volumes import Volumes
from cpe.shell.infrastructures.machine import container
from cpe.shell.infrastructures.machine.furnishing import Layer, furnish
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.machine.programs import run

PATIENCE = 45.0
"""Seconds to wait for somebody else to be done with a machine: more than an orderly power-off and a boot take."""
CONSOLE_KEPT = 64 * 1024
"""Bytes of a console that are shown, as many as clouds keep."""


class MachineCloud:
    """Below ``directory``; ``images`` are root file systems by name. All calls raise LocalCloudError."""

    def __init__(self, directory: Path, images: Mapping[str, Path], network: Network) -> None:
        self._directory = directory.resolve()
        self._images = images
        self._network = network
        self._machines = self._directory / "nodes"
        for place in (self._machines, self._directory / "volumes"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.volumes = Volumes(self._directory / "volumes", self._machines)

    def records(self) -> list[MachineRecord]:
        """All machines, oldest first."""
        found = []
        for place in self._machines.iterdir():
            with suppress(NoSuchThingError):  # gone since we looked, or not a machine
                found.append(load_machine(identified(self._machines, place.name, "instance")))
        return sorted(found, key=lambda record: (record.created, record.id))

    def record(self, identity: str) -> MachineRecord:
        return load_machine(identified(self._machines, identity, "instance"))

    def is_on(self, identity: str) -> bool:
        return bool(container.running(identity))

    def create(self, order: MachineOrder) -> MachineRecord:
        """A new machine; when this returns it is booting."""
        image = self._images[order.image]
        if not (image / "usr").is_dir():
            raise ConflictError(f"image {order.image}: {image} holds no root file system")
        with locked(self._directory / "lock", PATIENCE):
            self._sweep()
            self._network.ensure()
            record = MachineRecord(
                id=new_id(),
                name=order.name,
                image=order.image,
                size=order.size,
                address=self._network.free_address([each.address for each in self.records()]),
                port=22,
                user="root",
                created=time.time(),
                metadata=dict(order.metadata),
            )
            self._build(record, image, order)
        self.start(record.id)
        return record

    def _build(self, record: MachineRecord, image: Path, order: MachineOrder) -> None:
        place = self._machines / f".new-{record.id}"
        try:
            for part in ("upper", "work", "root"):
                (place / part).mkdir(parents=True)
            place.chmod(0o700)
            (place / "upper").chmod(0o755)  # the machine's own /
            (place / "image").symlink_to(image, target_is_directory=True)
            record.save(place)
            layer = Layer(image, place / "upper")
            wanted = first_boot(order.user_data)
            notes = furnish(layer, name=record.name, address=record.address, network=self._network, wanted=wanted)
            (place / "console").write_text("".join(f"{note}\n" for note in notes))
            for volume, mount in order.volumes.items():
                self.volumes.attach(volume, record.id, mount)
            place.rename(self._machines / record.id)
        except BaseException:
            remove_tree(place)
            raise

    def tag(self, identity: str, metadata: Mapping[str, str | None]) -> None:
        """Put these on it, and take off those that are None."""
        place = self._place(identity)
        with locked(place / "lock", PATIENCE):
            self.record(identity).tagged(metadata).save(place)

    def start(self, identity: str) -> None:
        """Boot it, if it is off."""
        place = self._place(identity)
        with locked(place / "lock", PATIENCE):
            self._boot(place, identity)

    def _boot(self, place: Path, identity: str) -> None:
        if not container.running(identity):
            replace(self.record(identity), stopped_by="").save(place)
            self._network.ensure()
            container.begin(place, identity, self._network.bridge, self.volumes.of(identity), self._data)

    def _data(self, volume: str) -> Path:
        return self._directory / "volumes" / volume / "data"

    def stop(self, identity: str, by: str = "") -> None:
        """Orderly if the machine plays along, because ``by`` asks for it; when this returns nothing of it runs."""
        place = self._place(identity)
        with locked(place / "lock", PATIENCE):
            if container.running(identity):
                replace(self.record(identity), stopped_by=by).save(place)
            container.end(identity, orderly=True)

    def reboot(self, identity: str, *, hard: bool) -> None:
        """Ask it to, or power it off and on, whatever state it is in."""
        place = self._place(identity)
        if not hard:
            if not container.ask(identity, container.REBOOT):
                raise ConflictError(f"{identity} is off: it cannot be asked to reboot")
            return
        with locked(place / "lock", PATIENCE):
            container.end(identity, orderly=False)
            self._boot(place, identity)

    def destroy(self, identity: str) -> None:
        """Remove it with all that is its own; volumes stay. The last one takes the bridge with it."""
        place = self._place(identity)
        with locked(place / "lock", PATIENCE):
            container.end(identity, orderly=False)
            unmount(place)
            for volume in self.volumes.of(identity):
                self.volumes.detach(volume.id)
            place.rename(self._machines / f".gone-{identity}")
        with locked(self._directory / "lock", PATIENCE):
            self._sweep()
            if not self.records():
                self._network.remove()

    def console(self, identity: str) -> str:
        """The end of what it has printed there."""
        return (self._place(identity) / "console").read_bytes()[-CONSOLE_KEPT:].decode(errors="replace")

    def release(self, volume: str) -> None:
        """Take a volume from its machine; ConflictError while that is on."""
        with locked(self._directory / "lock", PATIENCE):
            holder = self.volumes.holder(volume)
            if holder and container.running(holder):
                raise ConflictError(f"{holder} is on, and volume {volume} is mounted there: stop it first")
            self.volumes.detach(volume)

    def create_volume(self, name: str, size: int, metadata: Mapping[str, str]) -> VolumeRecord:
        with locked(self._directory / "lock", PATIENCE):
            return self.volumes.create(name, size, metadata)

    def destroy_volume(self, volume: str) -> None:
        with locked(self._directory / "lock", PATIENCE):
            self.volumes.destroy(volume)

    def _place(self, identity: str) -> Path:
        """The directory of a machine that is there."""
        self.record(identity)
        return identified(self._machines, identity, "instance")

    def _sweep(self) -> None:
        """Remove what a create or destroy that was cut off left behind."""
        for left in [*self._machines.glob(".new-*"), *self._machines.glob(".gone-*"), *(self._directory / "volumes").glob(".*-*")]:
            unmount(left)
            remove_tree(left)


def unmount(place: Path) -> None:
    """Take the overlay down, if it is up."""
    if (place / "root").is_mount():
        run("umount", place / "root")
