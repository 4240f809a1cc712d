"""The two things that the embedded cloud has records of: machines and volumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from cpe.shell.infrastructures.local.disk import write_record
from cpe.shell.infrastructures.local.refusals import NoSuchThingError

MACHINE_RECORD = "node.json"
VOLUME_RECORD = "volume.json"


class Task(StrEnum):
    """What was begun with a machine and is not finished; whoever finds it unfinished and nobody at it finishes it."""

    NONE = ""
    BOOT = "boot"
    REBOOT = "reboot"
    STOP = "stop"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRecord:
    """One machine. ``created`` is POSIX seconds."""

    id: str
    name: str
    image: str
    size: str
    address: str
    port: int
    user: str
    created: float
    metadata: Mapping[str, str] = field(default_factory=dict)
    task: Task = Task.NONE

    def save(self, directory: Path) -> None:
        write_record(directory / MACHINE_RECORD, asdict(self))

    def tagged(self, metadata: Mapping[str, str | None]) -> MachineRecord:
        """The same with these on it, and without those that are None."""
        whole = {**self.metadata, **metadata}
        return replace(self, metadata={key: value for key, value in whole.items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord:
    """One volume. ``size`` in GiB, as libcloud counts it; ``machine`` is the id of the one that it is attached to, ``mount`` where."""

    id: str
    name: str
    size: int
    created: float
    metadata: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    mount: str = ""

    def save(self, directory: Path) -> None:
        write_record(directory / VOLUME_RECORD, asdict(self))


def load_machine(directory: Path) -> MachineRecord:
    """The record of the machine in ``directory``; NoSuchThingError if there is none."""
    try:
        fields = json.loads((directory / MACHINE_RECORD).read_bytes())
    except FileNotFoundError as error:
        raise NoSuchThingError("instance", directory.name) from error
    return MachineRecord(**{**fields, "task": Task(fields["task"])})


def load_volume(directory: Path) -> VolumeRecord:
    """The record of the volume in ``directory``; NoSuchThingError if there is none."""
    try:
        return VolumeRecord(**json.loads((directory / VOLUME_RECORD).read_bytes()))
    except FileNotFoundError as error:
        raise NoSuchThingError("volume", directory.name) from error


def identified(parent: Path, identity: str, what: str) -> Path:
    """The directory of the thing called ``identity``; one that could not be an id of ours is an unknown one."""
    if not identity.isalnum():
        raise NoSuchThingError(what, identity)
    return parent / identity
