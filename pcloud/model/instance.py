"""Machines as a cloud knows them: the orders that make them and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pcloud.model.words import InstanceStatus


@dataclass(frozen=True, slots=True)
class Tags:
    """What every instance of ours carries, so that it can be found again by whoever lost its id."""

    controller: str
    deployable: str
    assembly: str
    generation: int
    adopted: bool = False  # somebody else has made it: nobody but its owner stops or deletes it


@dataclass(frozen=True, slots=True)
class VolumeTags:
    """What every volume of ours carries, likewise."""

    controller: str
    deployable: str
    assembly: str
    volume: str


@dataclass(frozen=True, slots=True)
class Instance:
    """The machine that an assembly runs on. ``host_key`` is its SSH host key as one public line, known before it booted."""

    id: str
    generation: int
    address: str
    port: int = 22
    user: str = ""
    host_key: str = ""
    infrastructure: str = ""
    zone: str = ""  # of the infrastructure; empty where it has none, or none was told


@dataclass(frozen=True, slots=True)
class InstanceReading:
    """One answer of the cloud about one instance. ``address``, ``port`` and ``user`` are empty or 0 while the cloud has not said them.

    ``stopped_by`` is told by a single reading of what is off: whoever switched it off by the cloud's own record, if that was not us.
    """

    id: str
    status: InstanceStatus
    tags: Tags | None = None
    address: str = ""
    port: int = 22
    user: str = ""
    name: str = ""
    stopped_by: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class VolumeReading:
    """One volume in a cloud's list. ``holder`` is the id of the instance that it is attached to, empty while it is free."""

    id: str
    tags: VolumeTags
    holder: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class LaunchOrder:
    """Everything that a cloud needs to make one instance."""

    name: str
    tags: Tags
    image: str
    size: str
    user_data: bytes
    networks: tuple[str, ...] = ()
    volumes: tuple[tuple[str, str], ...] = ()  # volume id, mount path; attached before it is called launched
    extra: Mapping[str, str] = field(default_factory=dict)
