"""The volumes of the embedded cloud: directories that outlive the machines they are mounted in.

Rules: a volume is attached to one machine at most, never to a second one, and taken from none that runs; mounted at /x it is the link
PCLOUD_ROOT/x. Its record is the only truth about where it is; a machine that is gone holds nothing. The caller holds the cloud's lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from cpe.shell.infrastructures.local.disk import remove_tree
from cpe.shell.infrastructures.local.names import new_id, path_below
from cpe.shell.infrastructures.local.records import VOLUME_RECORD, VolumeRecord, identified, load_volume
from cpe.shell.infrastructures.local.refusals import ConflictError

NOT_FOR_VOLUMES = (PurePosixPath("/run"), PurePosixPath("/"))
"""/run is wiped at every boot, and / is the machine itself."""


class Volumes:
    """All volumes, in ``directory``; ``machines`` is where the machines' directories lie."""

    def __init__(self, directory: Path, machines: Path) -> None:
        self._directory = directory
        self._machines = machines

    def create(self, name: str, size: int, metadata: Mapping[str, str]) -> VolumeRecord:
        record = VolumeRecord(id=new_id(), name=name, size=size, created=time.time(), metadata=dict(metadata))
        place = self._directory / f".new-{record.id}"
        (place / "data").mkdir(parents=True)
        record.save(place)
        place.rename(self._directory / record.id)
        return record

    def read(self, identity: str) -> VolumeRecord:
        record = load_volume(identified(self._directory, identity, "volume"))
        if record.machine and not (self._machines / record.machine).is_dir():
            return replace(record, machine="", mount="")
        return record

    def holder(self, identity: str) -> str:
        """The machine that had it last and was not seen to let go of it, whether that is still there or not."""
        return load_volume(identified(self._directory, identity, "volume")).machine

    def all(self) -> list[VolumeRecord]:
        """Oldest first."""
        names = [place.name for place in self._directory.iterdir() if (place / VOLUME_RECORD).exists() and not place.name.startswith(".")]
        return sorted((self.read(name) for name in names), key=lambda record: (record.created, record.id))

    def of(self, machine: str) -> list[VolumeRecord]:
        """Those attached to one machine."""
        return [record for record in self.all() if record.machine == machine]

    def attach(self, identity: str, machine: str, mount: str) -> VolumeRecord:
        """Note that it belongs to ``machine`` now; ConflictError if it belongs to another."""
        record = self.read(identity)
        path = PurePosixPath(mount)
        if not path.is_absolute() or path in NOT_FOR_VOLUMES or path.is_relative_to(NOT_FOR_VOLUMES[0]) or ".." in path.parts:
            raise ConflictError(f"volume {identity} cannot be mounted at {mount!r}")
        if record.machine not in {"", machine}:
            raise ConflictError(f"volume {identity} is attached to {record.machine} already")
        attached = replace(record, machine=machine, mount=str(path))
        attached.save(self._directory / identity)
        return attached

    def detach(self, identity: str) -> None:
        """Note that it belongs to no machine; the caller knows that the machine is off."""
        record = self.read(identity)
        if record.machine:
            link = path_below(self._machines / record.machine / "root", record.mount)
            if link.is_symlink():
                link.unlink()
        replace(record, machine="", mount="").save(self._directory / identity)

    def mount(self, records: Iterable[VolumeRecord], root: Path) -> None:
        """Make the links of these volumes below ``root``, where they are missing."""
        for record in records:
            link = path_below(root, record.mount)
            link.parent.mkdir(parents=True, exist_ok=True)
            if link.is_symlink():
                continue
            if link.is_file() or (link.is_dir() and any(link.iterdir())):
                raise ConflictError(f"{record.mount} is there already: a mount would hide it, and a link cannot")
            if link.is_dir():
                link.rmdir()
            link.symlink_to(self._directory / record.id / "data", target_is_directory=True)

    def destroy(self, identity: str) -> None:
        record = self.read(identity)
        if record.machine:
            raise ConflictError(f"volume {identity} is attached to {record.machine}")
        late = self._directory / f".gone-{identity}"
        (self._directory / identity).rename(late)
        remove_tree(late)
