"""The two things that the embedded cloud has records of: machines and volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from cpe.shell.infrastructures.local.disk import write_record
from cpe.shell.infrastructures.local.refusals import NoSuchThingError, UnavailableError

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
    """One machine. ``created`` is POSIX seconds, ``stopped_by`` whoever asked for it to be off, empty where nobody did."""

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
    stopped_by: str = ""

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


R = TypeVar("R", MachineRecord, VolumeRecord)
_MACHINE = TypeAdapter(MachineRecord)
_VOLUME = TypeAdapter(VolumeRecord)


def load_machine(directory: Path) -> MachineRecord:
    """The record of the machine in ``directory``; NoSuchThingError if there is none, UnavailableError for one that is damaged."""
    return _load(directory / MACHINE_RECORD, _MACHINE, "instance")


def load_volume(directory: Path) -> VolumeRecord:
    """The record of the volume in ``directory``; likewise."""
    return _load(directory / VOLUME_RECORD, _VOLUME, "volume")


def _load(file: Path, kind: TypeAdapter[R], what: str) -> R:
    """What cannot be read may be a machine that runs: it is not known to be gone, and so nobody may put another in its place."""
    try:
        record = kind.validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise NoSuchThingError(what, file.parent.name) from error
    except ValidationError as error:
        raise UnavailableError(f"{file} is damaged") from error
    if record.id != file.parent.name:
        raise UnavailableError(f"{file} is damaged: it is about {record.id}")
    return record


def identified(parent: Path, identity: str, what: str) -> Path:
    """The directory of the thing called ``identity``; one that could not be an id of ours is an unknown one."""
    if not identity.isalnum():
        raise NoSuchThingError(what, identity)
    return parent / identity
